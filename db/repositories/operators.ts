import type { Queryable } from '../pool.ts';

/** What a Back Office user may do about a client. `may`: null when there is no such active user; `sees`: by his tags. */
export const loadOperatorRights = async (
  db: Queryable,
  { userId, permission, clientId }: { userId: number; permission: string; clientId: number },
): Promise<{ may: boolean | null; sees: boolean }> => {
  const { rows } = await db.query<{ may: boolean | null; sees: boolean }>(
    `select (select exists (select from hub_user_group ug join user_group g on g.id = ug.group_id
                             where ug.user_id = u.id and g.permissions && array['*', $2])
               from hub_user u where u.id = $1 and u.active) as may,
            (not exists (select from hub_user_tag where user_id = $1)
             or exists (select from hub_user_tag ut join client_tag ct using (tag_id) where ut.user_id = $1 and ct.client_id = $3)) as sees`,
    [userId, permission, clientId],
  );
  return rows[0]!;
};
