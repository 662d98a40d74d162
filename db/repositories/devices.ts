import type { Queryable } from '../pool.ts';
import { revokeTokens } from './refresh-tokens.ts';

export interface SeenDevice {
  clientId: number;
  deviceMark: Buffer;
  ip: string;
}

/** A client signed in from a device: a new one, or one of before. */
export const noteDevice = async (
  db: Queryable,
  { clientId, deviceMark, ip, userAgent }: SeenDevice & { userAgent: string },
): Promise<void> => {
  await db.query(
    `insert into client_device (client_id, device_mark, user_agent, ip) values ($1, $2, $3, $4)
     on conflict (client_id, device_mark) do update set user_agent = excluded.user_agent, ip = excluded.ip, last_seen_time = now()`,
    [clientId, deviceMark, userAgent, ip],
  );
};

/** It was heard of again without a sign-in. Left alone while somebody deletes it: he waits for the token this belongs to. */
export const seeDevice = async (db: Queryable, { clientId, deviceMark, ip }: SeenDevice): Promise<void> => {
  await db.query(
    `update client_device set ip = $3, last_seen_time = now()
      where device_id = (select device_id from client_device where client_id = $1 and device_mark = $2 for update skip locked)`,
    [clientId, deviceMark, ip],
  );
};

/** Ends every sign-in on a device. Answers the families that ended. */
export const signOutDevice = async (db: Queryable, deviceId: number): Promise<string[]> => {
  const { rows } = await db.query<{ family: string }>(
    `select distinct t.family from client_device d join refresh_token t on t.subject = 'client:' || d.client_id and t.device_mark = d.device_mark
      where d.device_id = $1 and t.revoked_at is null`,
    [deviceId],
  );
  for (const { family } of rows) await revokeTokens(db, { family });
  return rows.map(({ family }) => family);
};

/** Those nobody was seen on for a year. */
export const dropOldDevices = async (db: Queryable): Promise<void> => {
  await db.query(`delete from client_device where last_seen_time < now() - interval '1 year'`);
};
