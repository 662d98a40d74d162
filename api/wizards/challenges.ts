import { z } from 'zod';
import { factorsOf } from '../../db/repositories/factors.ts';
import { keptClient, PROOFS_OF_CLIENT } from '../../activities/wizards/still-welcome.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { ApiDeps } from '../deps.ts';
import { problem } from '../kit/errors.ts';
import { type Call, type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { email, isoTime, time } from '../kit/shapes.ts';
import { CONFIRM_STEPS, factsOf } from './client-wizard.ts';
import { giveSuccess, Success } from './success-token.ts';
import { type Caller, callerOf } from './caller.ts';
import { givenCode } from './given-code.ts';
import { calling } from './refusals.ts';
import type { Reached, WizardHub } from './wizard-hub.ts';

/** Procedures whose codes are asked for by challenges, with the steps of those; what comes after them wants the success token. */
const CHALLENGED = {
  passwordRecovery: ['email', 'second-factor'],
  passwordChange: CONFIRM_STEPS,
} as const;
type Challenged = keyof typeof CHALLENGED;

const PROVIDERS = { totp: 'google', 'phone-code': 'sms', 'email-code': 'email' } as const;

const Challenge = z
  .object({
    token: z.uuid().meta({ description: 'Send it with the code to POST /my/2fa/challenge.' }),
    provider: z
      .enum(['email', 'google', 'sms'])
      .meta({ description: 'Whose code is asked for: a mailed one, an authenticator app, one by SMS.' }),
    expiresAt: time().meta({ description: 'Until when that code is taken.' }),
  })
  .meta({ id: 'Challenge' });

const common = { tags: ['Passwords'] as [string], answer: Challenge };

/** The codes before a new password: signed out by e-mail and app, signed in by the strongest factor that is on. */
export const challengeProcedures = (wizards: WizardHub, { access }: ApiDeps): Procedure[] => {
  /** A signed-in client's procedure goes on with his token only; a recovery has nobody's. */
  const callerFor = async ({ ip, req }: Pick<Call, 'ip' | 'req'>, type: Challenged): Promise<Caller> => {
    if (type === 'passwordRecovery') return callerOf({ ip, req, actor: null });
    const actor = await access.identify(req.headers.authorization);
    access.assertMay(actor, 'client', undefined);
    return callerOf({ ip, req, actor });
  };

  return [
    procedure('GET /my/2fa/unauthorized/challenge', {
      ...common,
      access: 'public' as const,
      summary: 'Begin to set a new password',
      description:
        'Sends a code to the e-mail address. Answers the same, and as fast, for an address that no client has.',
      limit: perActor('30/m'),
      errors: [403],
      query: z.object({ businessProcess: z.literal('restorePassword'), email: email() }),
      handle: async (call) => {
        const address = call.query.email.toLowerCase();
        const chosen = await wizards.defaultDefinition('passwordRecovery');
        const { clientId, ...found } = await clientOf(wizards, address);
        // Asked for nobody as well: it takes its time.
        const factors = await factorsOf(wizards.db, clientId ?? 0);
        const reached = await wizards.open('passwordRecovery', chosen, callerOf(call), {
          clientId,
          keep: { email: address, ...keptClient(wizards.ring, found) },
          facts: { ...(clientId !== null && { clientId }), factor: factors.includes('google') ? 'google' : 'none' },
        });
        return challenge(wizards, reached);
      },
    }),

    procedure('GET /my/2fa/challenge', {
      ...common,
      access: 'client' as const,
      summary: 'Begin to change the password',
      description:
        'Asks for the code of the strongest second factor that is on, else for one by e-mail. Everything else that is guarded by a code asks for it in its own steps.',
      limit: perActor('30/m'),
      query: z.object({
        businessProcess: z.literal('changePassword', {
          error: 'must be changePassword: other procedures ask for their code in their own steps',
        }),
      }),
      handle: async (call) => {
        const { id } = call.actor;
        const chosen = await wizards.defaultDefinition('passwordChange');
        const facts = await factsOf(wizards, 'passwordChange', call.actor);
        return challenge(
          wizards,
          await wizards.open('passwordChange', chosen, callerOf(call), { clientId: id, facts }),
        );
      },
    }),

    procedure('POST /my/2fa/challenge', {
      ...common,
      access: 'public' as const,
      summary: 'Answer a challenge with its code',
      description:
        'With the token of the client who is signed in; without one in a recovery, where a client with an authenticator app is then asked for its code: another challenge with the same token and `provider` `google`. `resend`: another code.',
      limit: perActor('120/m'),
      errors: [401, 403, 404, 409],
      body: z.strictObject({
        token: z.uuid('must be a UUID'),
        code: givenCode,
        resend: z.literal(true).optional(),
      }),
      answer: z.union([Success, Challenge]),
      handle: async (call) => {
        const { token, code, resend } = call.body;
        const type = await typeOf(wizards, token);
        const caller = await callerFor(call, type);
        const meant = { type, steps: CHALLENGED[type] };
        if (resend) return challenge(wizards, await wizards.sendAgain(token, meant, caller).catch(asChallenge));
        if (code === undefined) throw problem(400, 'validation', 'code is required.', 'code');
        const reached = await wizards.submit(token, meant, caller, { code }).catch(asChallenge);
        return reached.step?.name === 'password' ? giveSuccess(wizards, reached) : challenge(wizards, reached);
      },
    }),
  ];
};

interface Found {
  clientId: number | null;
  hash: string | null;
  proofs: string;
}

const clientOf = async ({ db }: WizardHub, address: string): Promise<Found> =>
  (
    await db.query<Found>(
      `select client_id as "clientId", password_hash as hash, ${PROOFS_OF_CLIENT} as proofs
         from client c where lower(email) = $1 and status in ('active', 'inactive')`,
      [address],
    )
  ).rows[0] ?? { clientId: null, hash: null, proofs: '' };

const typeOf = async ({ db }: WizardHub, token: string): Promise<Challenged> => {
  const { rows } = await db.query<{ type: Challenged }>(
    `select type from wizard_run where uuid = $1 and type = any($2)`,
    [token, Object.keys(CHALLENGED)],
  );
  if (!rows[0]) throw noChallenge();
  return rows[0].type;
};

const challenge = async ({ db }: WizardHub, { run, step }: Reached) => {
  const { rows } = await db.query<{ expiresAt: Date }>(
    `select expires_at as "expiresAt" from wizard_code where run_id = $1 and step = $2`,
    [run.id, run.step],
  );
  return {
    token: run.uuid,
    provider: PROVIDERS[step!.kind as keyof typeof PROVIDERS],
    expiresAt: isoTime(rows[0]?.expiresAt ?? new Date()),
  };
};

const noChallenge = () =>
  new HubFailure('NotFound', 'challenge_not_found', 'The challenge has expired. Start again.', { field: 'token' });

/** Here a run is called a challenge. */
const asChallenge = (error: unknown): never => {
  if (isHubFailure(error) && error.reason === 'wizard_not_found') throw noChallenge();
  return calling('token')(error);
};
