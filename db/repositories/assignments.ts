import type { Queryable } from '../pool.ts';

/**
 * Gives a client without a manager one who takes clients like him: the default one, else whoever was given one the longest ago. Nobody fits: none. In a
 * transaction.
 */
export const assignManager = async (db: Queryable, clientId: number): Promise<void> => {
  // One after the other, so that they take turns.
  await db.query(
    `select pg_advisory_xact_lock(hashtext('assign-manager')) where exists (select from manager where enabled)`,
  );
  const { rows } = await db.query<{ id: number }>(
    `update manager set assigned_at = clock_timestamp() where user_id = (
       select m.user_id from manager m join hub_user u on u.id = m.user_id join client c on c.client_id = $1
        where m.enabled and u.active and c.manager_id is null
          and (m.country_rule = 'allow') = coalesce(c.country_id = any(m.country_ids), false)
          and (m.client_type_ids = '{}' or c.type_id = any(m.client_type_ids))
          and (m.languages = '{}' or split_part(c.locale, '_', 1) = any(m.languages))
        order by m.is_default desc, m.assigned_at nulls first, m.user_id limit 1)
     returning user_id as id`,
    [clientId],
  );
  if (rows[0]) await db.query('update client set manager_id = $2 where client_id = $1', [clientId, rows[0].id]);
};

/** The jurisdiction of a client's country and type; where none fits he keeps what he has. */
export const assignJurisdiction = async (db: Queryable, clientId: number): Promise<void> => {
  await db.query(
    `update client c set jurisdiction_id = coalesce(
       (select id from jurisdiction j
         where enabled and (country_ids = '{}' or c.country_id = any(country_ids)) and (client_type_ids = '{}' or c.type_id = any(client_type_ids))
         order by priority, id limit 1), c.jurisdiction_id)
      where client_id = $1`,
    [clientId],
  );
};
