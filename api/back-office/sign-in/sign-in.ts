import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import type { ApiDeps } from '../../deps.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { createTries, perActor } from '../../kit/rate-limit.ts';
import { text, time } from '../../kit/shapes.ts';
import { passwordIs } from '../../../db/passwords.ts';

const Token = z.object({ token: z.string(), createdAt: time(), expiresAt: time() });
export const TokenPair = z.object({ accessToken: Token, refreshToken: Token }).meta({ id: 'TokenPair' });

/** Tries a minute for one account from one address. */
const MOST_TRIES = 5;

/** Back Office sign-in: POST /signin, /refresh, /signout. */
export const signInProcedures = ({ pool, tokens, access }: ApiDeps): Procedure[] => {
  const tries = createTries(MOST_TRIES, 60);

  return [
    procedure('POST /signin', {
      summary: 'Sign in to the Back Office',
      description: 'Five failed tries a minute for one account from one address.',
      tags: ['Sign-in'],
      access: 'public',
      limit: perActor('300/m'),
      body: z.strictObject({ email: text(254), password: text(1024) }),
      answer: z.object({ '2faRequired': z.boolean(), ...TokenPair.shape }),
      handle: async ({ body, ip, requestId }) => {
        const email = body.email.trim().toLowerCase();
        const key = `${createHash('sha256').update(email).digest('base64url')}|${ip}`;
        await tries.begin(key);
        const found = await pool.query<{ id: number; password_hash: string; two_factor: string | null }>(
          'select id, password_hash, two_factor from hub_user where lower(email) = $1 and active',
          [email],
        );
        const user = found.rows[0];
        if (!(await passwordIs(body.password, user?.password_hash)) || !user) {
          throw problem(400, 'bad_credentials', 'Incorrect email or password.', 'password');
        }
        if (user.two_factor !== null) {
          throw new HubFailure(
            'Unsupported',
            'unsupported',
            'This user signs in with a second factor, which this hub cannot check.',
          );
        }
        await tries.forgive(key);
        const pair = await tokens.open({ kind: 'user', id: user.id });
        await pool.query('update hub_user set logged_at = now() where id = $1', [user.id]);
        await recordAudit(pool, {
          actor: `user:${user.id}`,
          action: 'users.signin',
          object: `user:${user.id}`,
          requestId,
        });
        return { '2faRequired': false, ...pair };
      },
    }),

    procedure('POST /refresh', {
      summary: 'The next pair of tokens',
      description: 'A refresh token works once. Used a second time, it ends the whole sign-in it belongs to.',
      tags: ['Sign-in'],
      access: 'public',
      errors: [401],
      limit: perActor('300/m'),
      body: z.strictObject({ refreshToken: text(200) }),
      answer: TokenPair,
      handle: ({ body }) => tokens.rotate(body.refreshToken, 'user'),
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
  ];
};
