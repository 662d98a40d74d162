import { createHash } from 'node:crypto';
import { z } from 'zod';
import { factorsOf } from '../../db/repositories/factors.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import { problem } from '../kit/errors.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { email, isoTime, text, time } from '../kit/shapes.ts';
import { type Caller, callerOf, type Reached, type WizardHub } from './wizard-hub.ts';

const CODES = { type: 'passwordRecovery', steps: ['email', 'second-factor'] } as const;
const PASSWORD = { type: 'passwordRecovery', steps: ['password'] } as const;
const SUCCESS_SECONDS = 600;

const Challenge = z
  .object({ token: z.uuid(), provider: z.enum(['email', 'google', 'sms']), expiresAt: time() })
  .meta({ id: 'Challenge' });
const Success = z.object({ successToken: z.uuid(), expiresAt: time() }).meta({ id: 'ChallengeSuccess' });

const common = { tags: ['Passwords'] as [string], access: 'public' as const };

/** How a client who is signed out sets a new password: a code by e-mail, his second factor when it is an app, the password. */
export const recoveryProcedures = (wizards: WizardHub): Procedure[] => [
  procedure('GET /my/2fa/unauthorized/challenge', {
    ...common,
    summary: 'Begin to set a new password',
    description:
      'Sends a code to the e-mail address. Answers the same, and as fast, for an address that no client has.',
    limit: perActor('30/m'),
    errors: [403],
    query: z.object({ businessProcess: z.literal('restorePassword'), email: email() }),
    answer: Challenge,
    handle: async (call) => {
      const address = call.query.email.toLowerCase();
      const chosen = await wizards.defaultDefinition('passwordRecovery');
      const clientId = await clientOf(wizards, address);
      // Asked for nobody as well: it takes its time.
      const factors = await factorsOf(wizards.db, clientId ?? 0);
      const reached = await wizards.open('passwordRecovery', chosen, callerOf(call), {
        clientId,
        keep: { email: address },
        facts: { ...(clientId !== null && { clientId }), factor: factors.includes('google') ? 'google' : 'none' },
      });
      return challenge(wizards, reached);
    },
  }),

  procedure('POST /my/2fa/challenge', {
    ...common,
    summary: 'Answer a challenge with its code',
    description:
      'A client with an authenticator app is then asked for its code: another challenge with the same token and `provider` `google`. `resend`: another code.',
    limit: perActor('120/m'),
    errors: [403, 404],
    body: z.strictObject({
      token: z.uuid('must be a UUID'),
      code: text(20).optional(),
      resend: z.literal(true).optional(),
    }),
    answer: z.union([Success, Challenge]),
    handle: async (call) => {
      const { token, code, resend } = call.body;
      const caller = callerOf(call);
      if (resend) return challenge(wizards, await wizards.sendAgain(token, CODES, caller).catch(asChallenge));
      if (code === undefined) throw problem(400, 'validation', 'code is required.', 'code');
      const reached = await wizards.submit(token, CODES, caller, { code }).catch(asChallenge);
      return reached.step?.name === 'password' ? success(wizards, reached) : challenge(wizards, reached);
    },
  }),

  procedure('POST /my/password/restore', {
    ...common,
    summary: 'Set the new password',
    description: 'With the header `successToken`. Every sign-in of before is over then.',
    limit: perActor('60/m'),
    errors: [403],
    body: z.strictObject({ password: text(1_024) }),
    answer: null,
    handle: async (call) => {
      const token = call.req.headers['successtoken'];
      const uuid = typeof token === 'string' ? await runOfSuccess(wizards, token) : undefined;
      if (uuid === undefined) throw badSuccessToken();
      await setPassword(wizards, uuid, callerOf(call), call.body);
    },
  }),
];

const setPassword = async (wizards: WizardHub, uuid: string, caller: Caller, body: { password: string }) => {
  await wizards.submit(uuid, PASSWORD, caller, body).catch((error: unknown) => {
    throw isHubFailure(error) && error.reason === 'wizard_not_found' ? badSuccessToken() : error;
  });
};

const clientOf = async ({ db }: WizardHub, address: string): Promise<number | null> =>
  (
    await db.query<{ clientId: number }>(
      `select client_id as "clientId" from client where lower(email) = $1 and status in ('active', 'inactive')`,
      [address],
    )
  ).rows[0]?.clientId ?? null;

const challenge = async ({ db }: WizardHub, { run, step }: Reached) => {
  const { rows } = await db.query<{ expiresAt: Date }>(
    `select expires_at as "expiresAt" from wizard_code where run_id = $1 and step = $2`,
    [run.id, run.step],
  );
  return {
    token: run.uuid,
    provider: step?.kind === 'totp' ? ('google' as const) : ('email' as const),
    expiresAt: isoTime(rows[0]?.expiresAt ?? new Date()),
  };
};

const SUCCESS = 'wizard-success';

/** Made from the run, so that the same code sent again has the same answer. */
const success = async ({ db, ring }: WizardHub, { run }: Reached) => {
  const hex = ring.marks(`token:${run.uuid}`, SUCCESS)[0].toString('hex');
  const successToken = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const { rows } = await db.query<{ until: Date }>(
    `update wizard_run set success_mark = $2, success_until = coalesce(success_until, now() + make_interval(secs => $3)) where id = $1 returning success_until as until`,
    [run.id, hashOf(successToken), SUCCESS_SECONDS],
  );
  return { successToken, expiresAt: isoTime(rows[0]!.until) };
};

const hashOf = (token: string): Buffer => createHash('sha256').update(token.toLowerCase()).digest();

const runOfSuccess = async ({ db }: WizardHub, token: string): Promise<string | undefined> =>
  (
    await db.query<{ uuid: string }>(
      `select uuid from wizard_run where success_mark = $1 and success_until > now() and type = 'passwordRecovery'`,
      [hashOf(token)],
    )
  ).rows[0]?.uuid;

const badSuccessToken = () => problem(403, 'forbidden', 'Success token is invalid or expired');

/** Here a run is called a challenge. */
const asChallenge = (error: unknown): never => {
  if (isHubFailure(error) && error.reason === 'wizard_not_found')
    throw new HubFailure('NotFound', 'challenge_not_found', 'The challenge has expired. Start again.', {
      field: 'token',
    });
  throw error;
};
