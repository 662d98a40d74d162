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

/** The strongest of those that were on before a time. */
export const strongestBefore = async (db: Queryable, clientId: number, time: string): Promise<Factor | null> =>
  (
    await db.query<{ type: Factor }>(
      `select type from client_factor where client_id = $1 and create_time < $2::timestamptz
        order by array_position(array['google', 'sms', 'email'], type) limit 1`,
      [clientId, time],
    )
  ).rows[0]?.type ?? null;

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

/**
 * False when a code of this time step, or of a later one, was taken before; `by` whom it was taken last may send it again, for he may not have heard that it
 * was right.
 */
export const useTotpStep = async (
  db: Queryable,
  clientId: number,
  step: number,
  by: { runId: number; wizardStep: string },
): Promise<boolean> =>
  (
    await db.query(
      `update client_totp set last_step = $2, taken_by_run = $3, taken_at_step = $4
        where client_id = $1 and (last_step < $2 or last_step = $2 and taken_by_run = $3 and taken_at_step = $4)`,
      [clientId, step, by.runId, by.wizardStep],
    )
  ).rowCount === 1;

/** Codes up to this time step count no more, nor does the last one that was taken, for nobody. */
export const closeTotpSteps = async (db: Queryable, clientId: number, step: number): Promise<void> => {
  await db.query(
    `update client_totp set last_step = greatest(last_step, $2), taken_by_run = null, taken_at_step = null where client_id = $1`,
    [clientId, step],
  );
};

/** As people read them. */
export const FACTOR_CAPTIONS: Record<Factor, string> = {
  google: 'Google Authenticator',
  sms: 'SMS',
  email: 'E-mail',
};

/** The secret of an authenticator app that has just shown a right code, of the time step `lastStep`. */
export const saveTotp = async (db: Queryable, clientId: number, sealed: Buffer, lastStep: number): Promise<void> => {
  await db.query(
    `insert into client_totp (client_id, sealed, last_step) values ($1, $2, $3)
     on conflict (client_id) do update
       set sealed = excluded.sealed, last_step = excluded.last_step, taken_by_run = null, taken_at_step = null, create_time = now()`,
    [clientId, sealed, lastStep],
  );
};

/** False when it is on already. */
export const switchFactorOn = async (db: Queryable, clientId: number, type: Factor): Promise<boolean> =>
  (
    await db.query(`insert into client_factor (client_id, type) values ($1, $2) on conflict do nothing`, [
      clientId,
      type,
    ])
  ).rowCount === 1;

/** False when it is not on. With the last one go the recovery codes: there is nothing they could do for. */
export const switchFactorOff = async (db: Queryable, clientId: number, type: Factor): Promise<boolean> => {
  const { rowCount } = await db.query(`delete from client_factor where client_id = $1 and type = $2`, [clientId, type]);
  if (rowCount === 0) return false;
  if (type === 'google') await db.query(`delete from client_totp where client_id = $1`, [clientId]);
  await db.query(
    `delete from client_recovery_code where client_id = $1 and not exists (select from client_factor where client_id = $1)`,
    [clientId],
  );
  return true;
};

export interface FactorChange {
  clientId: number;
  type: Factor;
  action: 'enabled' | 'disabled';
  /** The operator; null: the client himself. */
  userId?: number;
  /** The wizard run that does it: once. */
  runId?: number;
  ip: string | null;
}

/** False when this run has written it down before. */
export const noteFactorChange = async (
  db: Queryable,
  { clientId, type, action, userId, runId, ip }: FactorChange,
): Promise<boolean> =>
  (
    await db.query(
      `insert into factor_change (client_id, type, action, user_id, run_id, ip) values ($1, $2, $3, $4, $5, $6) on conflict (run_id) do nothing`,
      [clientId, type, action, userId ?? null, runId ?? null, ip],
    )
  ).rowCount === 1;
