import { createHash } from 'node:crypto';
import type { Queryable } from '../pool.ts';
import type { UserFactor } from './user-factors.ts';

export type ChallengePurpose = 'sign-in' | 'first' | 'switch-on' | 'action';

export interface UserChallenge {
  id: number;
  userId: number;
  purpose: ChallengePurpose;
  provider: UserFactor;
  /** Of a mailed code. */
  codeHash: Buffer | null;
  triesLeft: number;
}

const COLUMNS = `id, user_id as "userId", purpose, provider, code_hash as "codeHash", tries_left as "triesLeft"`;

const markOf = (token: string): Buffer => createHash('sha256').update(token.toLowerCase()).digest();

/** Of one for an action only the latest counts. */
export const insertChallenge = async (
  db: Queryable,
  asked: Pick<UserChallenge, 'userId' | 'purpose' | 'provider' | 'codeHash'> & { token: string; seconds: number },
): Promise<{ id: number; expiresAt: Date }> => {
  const { userId, purpose, provider, codeHash, token, seconds } = asked;
  await db.query(`delete from user_challenge where user_id = $1 and purpose = $2 and purpose = 'action'`, [
    userId,
    purpose,
  ]);
  const { rows } = await db.query<{ id: number; expiresAt: Date }>(
    `insert into user_challenge (token_mark, user_id, purpose, provider, code_hash, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) returning id, expires_at as "expiresAt"`,
    [markOf(token), userId, purpose, provider, codeHash, seconds],
  );
  return rows[0]!;
};

/** Counts a try before it is compared. `which`: by its token, or the one for an action of this user. Null: there is none; `triesLeft` -1: none is left. */
export const tryChallenge = async (
  db: Queryable,
  which: { token: string; purposes: readonly ChallengePurpose[]; userId?: number } | { actionOf: number },
): Promise<UserChallenge | null> => {
  const [where, values] =
    'token' in which
      ? [
          `token_mark = $1 and purpose = any($2) and user_id = coalesce($3, user_id)`,
          [markOf(which.token), which.purposes, which.userId ?? null],
        ]
      : [`user_id = $1 and purpose = 'action'`, [which.actionOf]];
  const tried = await db.query<UserChallenge>(
    `update user_challenge set tries_left = tries_left - 1 where ${where} and expires_at > now() and tries_left >= 0 returning ${COLUMNS}`,
    values,
  );
  return tried.rows[0] ?? null;
};

/** It does once: false when somebody else was quicker. */
export const closeChallenge = async (db: Queryable, id: number): Promise<boolean> =>
  (await db.query(`delete from user_challenge where id = $1`, [id])).rowCount === 1;

/** Of a user whose password, factor or place here has changed. */
export const dropChallengesOf = async (db: Queryable, userId: number): Promise<void> => {
  await db.query(`delete from user_challenge where user_id = $1`, [userId]);
};

export const dropOldChallenges = async (db: Queryable): Promise<void> => {
  await db.query(`delete from user_challenge where expires_at < now()`);
};
