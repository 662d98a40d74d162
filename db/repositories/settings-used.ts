import type { Queryable } from '../pool.ts';

/** Notes with which settings something is begun, or answers with which it was begun before; `fresh` tells. */
export const noteSettingsUsed = async (
  db: Queryable,
  reference: string,
  connectionId: number,
): Promise<{ version: number; fresh: boolean } | undefined> =>
  (
    await db.query<{ version: number; fresh: boolean }>(
      `insert into settings_used (reference, connection_id, version) select $1, id, version from connection where id = $2
       on conflict (reference) do update set reference = excluded.reference returning version, xmax = 0 as fresh`,
      [reference, connectionId],
    )
  ).rows[0];

/** Nothing was begun after all. */
export const forgetSettingsUsed = async (db: Queryable, reference: string): Promise<void> => {
  await db.query(`delete from settings_used where reference = $1`, [reference]);
};

/** A client's own address is asked about for ever, everything else for 90 days; settings nobody needs any more go with the last note. */
export const dropOldSettings = async (db: Queryable): Promise<void> => {
  await db.query(
    `delete from settings_used u where create_time < now() - interval '90 days'
        and not exists (select from deposit_address a where a.reference = u.reference)
        and not exists (select from money_transaction t where t.reference = u.reference and t.process_time is null)`,
  );
  await db.query(
    `delete from connection_settings s where retired_at < now() - interval '1 day'
        and not exists (select from settings_used u where u.connection_id = s.connection_id and u.version = s.version)`,
  );
};
