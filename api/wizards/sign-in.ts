import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { inTransaction } from '../../db/pool.ts';
import { queueMessage, startMessages } from '../../activities/messaging/queue-message.ts';
import { isMarkOf, programOf } from '../../activities/wizards/device.ts';
import { noteAuthorization } from '../../activities/wizards/note-authorization.ts';
import { seeDevice } from '../../db/repositories/devices.ts';
import { loadDraft } from '../../db/repositories/wizards.ts';
import { isHubFailure } from '../../domain/failures.ts';
import type { ApiDeps } from '../deps.ts';
import { TokenPair } from '../back-office/sign-in/sign-in.ts';
import { actorName } from '../kit/access.ts';
import { type Call, type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { text } from '../kit/shapes.ts';
import { SignedIn, withFactors, wizardAnswer } from './answer-shapes.ts';
import { signedIn, tokensOf } from './answers.ts';
import { signOutEverywhere } from './sign-out-everywhere.ts';
import { type Caller, callerOf } from './caller.ts';
import { givenCode } from './given-code.ts';
import type { Meant, Reached, WizardAnswer, WizardHub } from './wizard-hub.ts';

const at = (...steps: string[]): Meant => ({ type: 'authorization', steps });
const Uuid = { uuid: z.uuid('must be a UUID') };
const resend = z.literal(true).optional().meta({ description: 'Send another code.' });
const Code = z.strictObject({ ...Uuid, code: givenCode, resend });

const common = {
  tags: ['Sign-in of clients'] as [string],
  access: 'public' as const,
  answer: wizardAnswer('SignInAnswer', ['authorization'], { outcome: SignedIn.shape.data, asking: withFactors }),
  limit: perActor('300/m'),
  errors: [403, 404, 409],
};

/** How a client signs in: password, second factor, a new password where the broker wants one. */
export const signInProcedures = (wizards: WizardHub, deps: ApiDeps): Procedure[] => {
  const answer = async ({ run, step }: Reached, caller: Caller): Promise<WizardAnswer> => {
    if (!step) return signedIn(run.uuid, await tokensOf(wizards, deps.tokens, run));
    const asked = await wizards.ask(run, step, caller);
    if (!['choose', 'google', 'sms', 'email'].includes(step.name)) return asked;
    const { factors = [] } = (await loadDraft(wizards.db, wizards.ring, run.inputs)) as { factors?: string[] };
    const form = asked.data as Record<string, unknown> | null;
    return { ...asked, data: { accessToken: null, refreshToken: null, tfaProviders: factors, ...form } };
  };

  /** One step; a wrong second factor is noted in the client's history as a wrong password is. */
  const step = async (
    call: Pick<Call, 'ip' | 'req' | 'actor'>,
    meant: Meant,
    uuid: string,
    body: object,
    again = false,
  ) => {
    const caller = callerOf(call);
    const reached = again
      ? await wizards.sendAgain(uuid, meant, caller)
      : await wizards.submit(uuid, meant, caller, { ...body }).catch(async (error: unknown) => {
          if (isHubFailure(error) && ['invalid_code', 'too_many_attempts'].includes(error.reason) && 'code' in body)
            await noteWrongCode(wizards, uuid, caller);
          throw error;
        });
    return answer(reached, caller);
  };

  const codeAt = (path: `/my/${string}`, summary: string, ...steps: string[]) =>
    procedure(`POST ${path}`, {
      ...common,
      summary,
      body: Code,
      handle: (call) => {
        const { uuid, resend: again, ...body } = call.body;
        return step(call, at(...steps), uuid, body, again);
      },
    });

  return [
    procedure('GET /my/signin/wizard', {
      ...common,
      summary: 'Begin to sign in',
      limit: perActor('60/m'),
      handle: async (call) => {
        const caller = callerOf(call);
        const chosen = await wizards.defaultDefinition('authorization');
        const { run, step: first } = await wizards.open('authorization', chosen, caller, { boundToDevice: true });
        return wizards.ask(run, first!, caller, true);
      },
    }),

    procedure('POST /my/signin', {
      ...common,
      summary: 'E-mail and password',
      description: 'Answers tokens, or the second factor that is asked for, or `password_reset`.',
      body: z.strictObject({
        ...Uuid,
        email: text(254),
        password: text(1_024),
        device_fingerprint: text(8_192),
        recaptchaResponse: text(8_192).nullable().optional(),
      }),
      handle: (call) => {
        const { uuid, ...body } = call.body;
        return step(call, at('login'), uuid, body);
      },
    }),

    procedure('POST /my/signin/2fa', {
      ...common,
      summary: 'Choose a second factor',
      body: z.strictObject({ ...Uuid, type: text(20) }),
      handle: (call) => step(call, at('choose'), call.body.uuid, { type: call.body.type }),
    }),

    codeAt('/my/2fa/google', 'The code of the authenticator app', 'google'),
    codeAt('/my/2fa/sms', 'The code from the SMS', 'sms'),
    codeAt('/my/2fa/email', 'The code from the e-mail', 'email'),
    codeAt(
      '/my/signin/password/restore',
      'A new password is wanted: ask for the code, then send it',
      'reset',
      'reset-code',
    ),

    procedure('POST /my/signin/password/reset', {
      ...common,
      summary: 'The new password that was wanted',
      body: z.strictObject({ ...Uuid, password: text(1_024), password_confirmation: text(1_024).optional() }),
      handle: (call) => {
        const { uuid, ...body } = call.body;
        return step(call, at('reset-password'), uuid, body);
      },
    }),

    procedure('POST /my/refresh', {
      ...common,
      summary: 'The next pair of tokens',
      description:
        'A refresh token works once, on the device it was given to. Used a second time or elsewhere, it ends the whole sign-in, and its owner is told.',
      errors: [401],
      body: z.strictObject({ refreshToken: text(200), deviceFingerprint: text(8_192).optional() }),
      answer: SignedIn.extend(TokenPair.shape).meta({ id: 'RefreshedTokens' }),
      handle: async (call) => {
        const caller = callerOf(call);
        const { refreshToken, deviceFingerprint } = call.body;
        const pair = await deps.tokens.rotate(refreshToken, 'client', {
          comesFrom: ({ deviceMark, agentMark }) =>
            deviceFingerprint === undefined
              ? // Tokens of before are marked with the version, too.
                [programOf(caller.userAgent), caller.userAgent].some((one) => isMarkOf(wizards.ring, agentMark, one))
              : isMarkOf(wizards.ring, deviceMark, deviceFingerprint),
          onRotated: (db, clientId, { deviceMark }) => seeDevice(db, { clientId, deviceMark, ip: caller.ip }),
          onStolen: (clientId) => tellOfTheft(wizards, clientId, caller),
        });
        return { ...signedIn(randomUUID(), pair), ...pair };
      },
    }),

    procedure('POST /my/signout', {
      summary: 'End this sign-in',
      tags: ['Sign-in of clients'],
      access: 'client',
      answer: null,
      handle: async ({ actor }) => {
        await deps.tokens.revoke(actor.family);
        deps.access.forget(actor.family);
      },
    }),

    procedure('POST /my/signout/everywhere', {
      summary: 'End all sign-ins of mine, this one too',
      tags: ['Sign-in of clients'],
      access: 'client',
      answer: null,
      handle: async (call) => {
        const { actor, requestId } = call;
        const { ip, userAgent } = callerOf(call);
        await inTransaction(deps.pool, (db) =>
          signOutEverywhere(db, { clientId: actor.id, actor: actorName(actor), ip, userAgent, requestId }),
        );
        deps.access.forgetActor(actor);
      },
    }),
  ];
};

const noteWrongCode = async ({ db }: WizardHub, uuid: string, { ip, userAgent }: Caller): Promise<void> => {
  const { rows } = await db.query<{ clientId: number | null }>(
    `select client_id as "clientId" from wizard_run where uuid = $1`,
    [uuid],
  );
  const { clientId = null } = rows[0] ?? {};
  if (clientId !== null)
    await noteAuthorization(db, { clientId, status: 'failure', reason: 'invalid_code', ip, userAgent });
};

const tellOfTheft = async ({ db: pool, ring, hub }: WizardHub, clientId: number, { ip, userAgent }: Caller) => {
  const messages = await inTransaction(pool, async (db) => {
    await noteAuthorization(db, { clientId, status: 'failure', reason: 'token_reused', ip, userAgent });
    const key = `signInEnded:${randomUUID()}`;
    return queueMessage(db, ring, { to: { clientId }, template: 'signInEnded', key });
  });
  await startMessages(hub.steering, messages);
};
