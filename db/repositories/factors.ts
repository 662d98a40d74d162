import type { Queryable } from '../pool.ts';

/** What the shared secret of an authenticator app is bound to. */
export const TOTP_PURPOSE = 'totp';

export const FACTORS = ['google', 'sms', 'email'] as const;
export type Factor = (typeof FACTORS)[number];

/** The second factors a client has switched on. */
export const factorsOf = async (db: Queryable, clientId: number): Promise<Factor[]> =>
  (
    await db.query<{ type: Factor }>(
      `select type from client_factor where client_id = $1 order by array_position(array['google', 'sms', 'email'], type)`,
      [clientId],
    )
  ).rows.map(({ type }) => type);

/** The sealed secret of a client's authenticator app, and the time step of the last code that was taken. */
export const loadTotp = async (
  db: Queryable,
  clientId: number,
): Promise<{ sealed: Buffer; lastStep: number } | undefined> =>
  (
    await db.query<{ sealed: Buffer; lastStep: number }>(
      `select sealed, last_step::float8 as "lastStep" from client_totp where client_id = $1`,
      [clientId],
    )
  ).rows[0];

/** False when a code of this time step, or of a later one, was taken before. */
export const useTotpStep = async (db: Queryable, clientId: number, step: number): Promise<boolean> =>
  (await db.query(`update client_totp set last_step = $2 where client_id = $1 and last_step < $2`, [clientId, step]))
    .rowCount === 1;
