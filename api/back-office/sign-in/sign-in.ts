import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { networkOf } from '../../../activities/wizards/device.ts';
import { passwordIs } from '../../../db/passwords.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { atPresentCost } from '../../../db/repositories/password-hashes.ts';
import { revokeTokens } from '../../../db/repositories/refresh-tokens.ts';
import { forgiveTry, knock, letIn } from '../../../db/repositories/sign-in-guard.ts';
import { switchUserFactorOn, type UserFactor, userFactorState } from '../../../db/repositories/user-factors.ts';
import { queueMessage } from '../../../activities/messaging/queue-message.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { ApiDeps } from '../../deps.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { perActor } from '../../kit/rate-limit.ts';
import { text, time } from '../../kit/shapes.ts';
import type { TokenPair as Pair } from '../../kit/tokens.ts';

const Token = z.object({ token: z.string(), createdAt: time(), expiresAt: time() });
export const TokenPair = z.object({ accessToken: Token, refreshToken: Token }).meta({ id: 'TokenPair' });

export const AskedCode = z
  .object({
    token: z.uuid(),
    provider: z.enum(['totp', 'email']),
    expiresAt: time(),
    setUp: z
      .object({ key: z.string(), uri: z.string(), qr: z.string().meta({ description: 'A picture as data: URL.' }) })
      .nullable()
      .meta({ description: 'An authenticator app is yet to be added: what it reads.' }),
  })
  .meta({ id: 'AskedCode' });

const SignedIn = z.union([
  z.object({ '2faRequired': z.literal(false), ...TokenPair.shape }),
  z.object({ '2faRequired': z.literal(true), '2faDetails': AskedCode }),
]);

/** Back Office sign-in: POST /signin, /2fa/confirm, /refresh, /signout. */
export const signInProcedures = ({ pool, tokens, access, ring, userFactors }: ApiDeps): Procedure[] => {
  /** Everything was shown. */
  const signIn = async (
    db: Queryable,
    { id, email, factorOn }: { id: number; email: string; factorOn?: UserFactor },
    { ip, requestId }: { ip: string; requestId: string },
  ): Promise<Pair> => {
    const by = { actor: `user:${id}`, object: `user:${id}`, requestId };
    if (factorOn) {
      if (!(await switchUserFactorOn(db, id, factorOn))) throw gone();
      await recordAudit(db, { ...by, action: 'users.2fa-on', after: { type: factorOn } });
    }
    await db.query('update hub_user set logged_at = now() where id = $1', [id]);
    await letIn(db, ring, { side: 'user', account: { userId: id }, email, network: networkOf(ip) });
    await recordAudit(db, { ...by, action: 'users.signin' });
    return tokens.open({ kind: 'user', id }, db);
  };

  return [
    procedure('POST /signin', {
      summary: 'Sign in to the Back Office',
      description:
        'A user with a second factor, or who has to have one, is asked for a code: `POST /2fa/confirm`. After five failed tries for one account from one address it is closed for ten minutes, each further time for twice as long.',
      tags: ['Sign-in'],
      access: 'public',
      limit: perActor('300/m'),
      body: z.strictObject({ email: text(254), password: text(1024) }),
      answer: SignedIn,
      handle: async ({ body, ip, requestId }) => {
        const asking = { side: 'user', email: body.email.trim().toLowerCase(), network: networkOf(ip) } as const;
        const wait = await knock(pool, ring, asking);
        if (wait > 0) throw closed(wait);
        const { rows } = await pool.query<{ id: number; email: string; hash: string }>(
          'select id, email, password_hash as hash from hub_user where lower(email) = $1 and active',
          [asking.email],
        );
        const user = rows[0];
        if (!(await passwordIs(body.password, user?.hash)) || !user)
          throw problem(400, 'bad_credentials', 'Incorrect email or password.', 'password');
        await forgiveTry(pool, ring, asking);
        const hash = await atPresentCost(pool, { table: 'hub_user', ...user }, body.password);
        const state = await userFactorState(pool, user.id);
        if (!state) throw changedMeanwhile();
        const { id, twoFactor, required } = state;
        const holds = (db: Queryable) => assertUnchanged(db, { id, hash, twoFactor });
        if (twoFactor === null && !required) {
          const pair = await inTransaction(pool, async (db) => {
            await holds(db);
            return signIn(db, user, { ip, requestId });
          });
          return { '2faRequired': false as const, ...pair };
        }
        const asked = await userFactors.ask(state, twoFactor ? 'sign-in' : 'first', twoFactor ?? 'totp', holds);
        return { '2faRequired': true as const, '2faDetails': asked };
      },
    }),

    procedure('POST /2fa/confirm', {
      summary: 'The code of the second factor',
      description: 'Of an app that was yet to be added, its first code switches it on.',
      tags: ['Sign-in'],
      access: 'public',
      limit: perActor('120/m'),
      errors: [404],
      body: z.strictObject({ token: z.uuid('must be a UUID'), code: text(20) }),
      answer: TokenPair,
      handle: ({ body, ip, requestId }) =>
        userFactors.answer(body, { purposes: ['sign-in', 'first'] }, async (db, { userId, purpose, provider }) => {
          const user = await userFactorState(db, userId);
          if (!user) throw gone();
          const { id, email } = user;
          return signIn(db, { id, email, ...(purpose === 'first' && { factorOn: provider }) }, { ip, requestId });
        }),
    }),

    procedure('POST /refresh', {
      summary: 'The next pair of tokens',
      description:
        'A refresh token works once. Used a second time, it ends the whole sign-in it belongs to, and its owner is told by mail.',
      tags: ['Sign-in'],
      access: 'public',
      errors: [401],
      limit: perActor('300/m'),
      body: z.strictObject({ refreshToken: text(200) }),
      answer: TokenPair,
      handle: ({ body, requestId }) =>
        tokens.rotate(body.refreshToken, 'user', {
          onStolen: (id) =>
            inTransaction(pool, async (db) => {
              const user = `user:${id}`;
              await recordAudit(db, { actor: 'system', action: 'users.token-reused', object: user, requestId });
              const { name = '' } = (await userFactorState(db, id)) ?? {};
              // Started by the sweep: nobody waits for it here.
              await queueMessage(db, ring, {
                ...{ to: { userId: id }, template: 'signInEnded', parameters: { firstName: name } },
                key: `signInEnded:${randomUUID()}`,
              });
            }),
        }),
    }),

    procedure('POST /signout', {
      summary: 'End this sign-in',
      tags: ['Sign-in'],
      access: 'user',
      answer: null,
      handle: async ({ actor }) => {
        await tokens.revoke(actor.family);
        access.forget(actor.family);
      },
    }),

    procedure('POST /signout/everywhere', {
      summary: 'End all sign-ins of mine, this one too',
      tags: ['Sign-in'],
      access: 'user',
      answer: null,
      handle: async ({ actor, requestId }) => {
        const user = `user:${actor.id}`;
        await inTransaction(pool, async (db) => {
          await revokeTokens(db, { subjects: [user] });
          await recordAudit(db, { actor: user, action: 'users.signout-everywhere', object: user, requestId });
        });
        access.forgetActor(actor);
      },
    }),
  ];
};

/** The password is checked outside of a transaction, for long. Holds the user as he was then, or throws. */
const assertUnchanged = async (
  db: Queryable,
  { id, hash, twoFactor }: { id: number; hash: string; twoFactor: UserFactor | null },
): Promise<void> => {
  const { rowCount } = await db.query(
    `select from hub_user where id = $1 and active and password_hash = $2 and two_factor is not distinct from $3 for no key update`,
    [id, hash, twoFactor],
  );
  if (rowCount === 0) throw changedMeanwhile();
};

const changedMeanwhile = () =>
  new HubFailure('Rejected', 'restricted', 'Your account has changed meanwhile. Start again.');

const closed = (wait: number) =>
  new HubFailure('Rejected', 'too_many_attempts', `Too many attempts. Try again in ${Math.ceil(wait / 60)} minutes.`, {
    retryAfter: wait,
  });

const gone = () =>
  new HubFailure('NotFound', 'challenge_not_found', 'The code has expired. Start again.', { field: 'token' });
