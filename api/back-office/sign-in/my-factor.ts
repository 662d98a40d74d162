import { z } from 'zod';
import { passwordIs } from '../../../db/passwords.ts';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { forgiveCodes, knockWithCode } from '../../../db/repositories/sign-in-guard.ts';
import { dropChallengesOf } from '../../../db/repositories/user-challenges.ts';
import {
  switchUserFactorOff,
  switchUserFactorOn,
  USER_FACTORS,
  userFactorState,
} from '../../../db/repositories/user-factors.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { ApiDeps } from '../../deps.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { perActor } from '../../kit/rate-limit.ts';
import { text } from '../../kit/shapes.ts';
import { AskedCode } from './sign-in.ts';

const State = z
  .object({
    twoFactor: z.enum(USER_FACTORS).nullable(),
    required: z.boolean().meta({ description: 'By a setting or a group: it cannot be switched off.' }),
  })
  .meta({ id: 'MySecondFactor' });

const common = { tags: ['Sign-in'] as [string], access: 'user' as const, limit: perActor('60/m') };
const ofType = z.object({ type: z.enum(USER_FACTORS) });

/** What users of the Back Office do about their own second factor. */
export const myFactorProcedures = ({ pool, ring, userFactors }: ApiDeps): Procedure[] => {
  const mine = async (id: number) => {
    const state = await userFactorState(pool, id);
    if (!state) throw problem(401, 'unauthenticated', 'Sign in first.');
    return state;
  };
  const shown = async (id: number) => {
    const { twoFactor, required } = await mine(id);
    return { twoFactor, required };
  };

  /** A stolen token must not guess the password. */
  const assertPassword = async (id: number, password: string): Promise<void> => {
    const wait = await knockWithCode(pool, ring, 'backOfficePassword', { userId: id });
    if (wait > 0) throw new HubFailure('Rejected', 'too_many_attempts', 'Too many attempts.', { retryAfter: wait });
    const { rows } = await pool.query<{ hash: string }>('select password_hash as hash from hub_user where id = $1', [
      id,
    ]);
    if (!(await passwordIs(password, rows[0]?.hash)))
      throw problem(400, 'bad_credentials', 'Incorrect password.', 'password');
    await forgiveCodes(pool, ring, 'backOfficePassword', { userId: id });
  };

  return [
    procedure('GET /2fa', {
      ...common,
      summary: 'My second factor',
      answer: State,
      handle: ({ actor }) => shown(actor.id),
    }),

    procedure('POST /2fa/code', {
      ...common,
      summary: 'A fresh code by e-mail, to confirm something with',
      description:
        'For users whose second factor is e-mail; an app shows its codes by itself. Only the last one counts.',
      limit: perActor('10/m'),
      answer: AskedCode,
      handle: async ({ actor }) => {
        const user = await mine(actor.id);
        if (user.twoFactor !== 'email')
          throw new HubFailure('Unsupported', 'unsupported', 'Your second factor is not e-mail.');
        return userFactors.ask(user, 'action', 'email');
      },
    }),

    procedure('POST /2fa/{type}', {
      ...common,
      summary: 'Begin to switch a second factor on',
      description: 'Answers what the app reads (`setUp`), or mails a code; then `POST /2fa/{type}/confirm`.',
      params: ofType,
      errors: [409],
      body: z.strictObject({ password: text(1024) }),
      answer: AskedCode,
      handle: async ({ actor, params: { type }, body }) => {
        const user = await mine(actor.id);
        if (user.twoFactor !== null)
          throw problem(409, 'already_done', 'A second factor is switched on already.', 'type');
        await assertPassword(actor.id, body.password);
        return userFactors.ask(user, 'switch-on', type);
      },
    }),

    procedure('POST /2fa/{type}/confirm', {
      ...common,
      summary: 'Switch a second factor on by its first code',
      params: ofType,
      errors: [404, 409],
      body: z.strictObject({ token: z.uuid('must be a UUID'), code: text(20) }),
      answer: State,
      handle: async ({ actor, body, requestId }) => {
        const meant = { purposes: ['switch-on' as const], userId: actor.id };
        await userFactors.answer(body, meant, async (db, { userId, provider }) => {
          if (!(await switchUserFactorOn(db, userId, provider)))
            throw problem(409, 'already_done', 'A second factor is switched on already.', 'type');
          const user = `user:${userId}`;
          await recordAudit(db, {
            actor: user,
            action: 'users.2fa-on',
            object: user,
            after: { type: provider },
            requestId,
          });
        });
        return shown(actor.id);
      },
    }),

    procedure('DELETE /2fa', {
      ...common,
      summary: 'Switch my second factor off',
      confirm: 'always',
      errors: [409],
      answer: State,
      handle: async ({ actor, requestId }) => {
        const { required } = await mine(actor.id);
        if (required) throw problem(403, 'restricted', 'You need a second factor here.');
        await inTransaction(pool, async (db) => {
          if (!(await switchUserFactorOff(db, actor.id)))
            throw problem(409, 'already_done', 'No second factor is switched on.');
          await dropChallengesOf(db, actor.id);
          const user = `user:${actor.id}`;
          await recordAudit(db, { actor: user, action: 'users.2fa-off', object: user, requestId });
        });
        return shown(actor.id);
      },
    }),
  ];
};
