import type { Queryable } from '../pool.ts';
import { brokerSetting } from './broker-settings.ts';

/** What the secret of a user's authenticator app is bound to. */
export const USER_TOTP_PURPOSE = 'user-totp';

export const USER_FACTORS = ['totp', 'email'] as const;
export type UserFactor = (typeof USER_FACTORS)[number];

export interface UserFactorState {
  id: number;
  name: string;
  email: string;
  twoFactor: UserFactor | null;
  /** By the setting for all, or by one of his groups. */
  required: boolean;
}

/** Undefined: there is no such user, or he has left. */
export const userFactorState = async (db: Queryable, userId: number): Promise<UserFactorState | undefined> => {
  const { rows } = await db.query<UserFactorState>(
    `select id, name, email, two_factor as "twoFactor",
            exists (select from hub_user_group j join user_group g on g.id = j.group_id where j.user_id = u.id and g.two_factor_required) as required
       from hub_user u where id = $1 and active`,
    [userId],
  );
  if (!rows[0]) return undefined;
  return { ...rows[0], required: rows[0].required || (await brokerSetting(db, 'backOffice.twoFactorRequired')) };
};

/** A new app, which counts once it has shown a code. One that counts already is left alone. */
export const saveUserTotp = async (db: Queryable, userId: number, sealed: Buffer): Promise<void> => {
  await db.query(
    `insert into hub_user_totp as t (user_id, sealed) values ($1, $2)
     on conflict (user_id) do update set sealed = excluded.sealed, last_step = 0, taken_by_challenge = null, create_time = now() where not t.active`,
    [userId, sealed],
  );
};

export const loadUserTotp = async (db: Queryable, userId: number): Promise<Buffer | undefined> =>
  (await db.query<{ sealed: Buffer }>(`select sealed from hub_user_totp where user_id = $1`, [userId])).rows[0]?.sealed;

/**
 * False when a code of this time step, or of a later one, was taken before, or the app is another by now. For the challenge it was taken for, which does
 * once, it is right again.
 */
export const useUserTotpStep = async (
  db: Queryable,
  { userId, sealed, step, challengeId }: { userId: number; sealed: Buffer; step: number; challengeId: number | null },
): Promise<boolean> =>
  (
    await db.query(
      `update hub_user_totp set last_step = $2, taken_by_challenge = $4
        where user_id = $1 and sealed = $3 and (last_step < $2 or last_step = $2 and taken_by_challenge = $4)`,
      [userId, step, sealed, challengeId],
    )
  ).rowCount === 1;

/** False when one is on already. */
export const switchUserFactorOn = async (db: Queryable, userId: number, factor: UserFactor): Promise<boolean> => {
  const { rowCount } = await db.query(
    `update hub_user set two_factor = $2, update_time = now() where id = $1 and two_factor is null`,
    [userId, factor],
  );
  if (rowCount === 0) return false;
  if (factor === 'totp') await db.query(`update hub_user_totp set active = true where user_id = $1`, [userId]);
  return true;
};

/** False when none is on. */
export const switchUserFactorOff = async (db: Queryable, userId: number): Promise<boolean> => {
  const { rowCount } = await db.query(
    `update hub_user set two_factor = null, update_time = now() where id = $1 and two_factor is not null`,
    [userId],
  );
  await db.query(`delete from hub_user_totp where user_id = $1`, [userId]);
  return rowCount === 1;
};
