import type { Queryable } from '../../../db/pool.ts';
import { problem } from '../../kit/errors.ts';

/**
 * Before rights are taken away: what it answers is called when they are, and throws 409 when there was somebody who may do and see everything and is no more.
 * Nobody could give that again, for nobody gives what he does not have (grants.ts). One at a time, or two could each take away the other's last one.
 */
export const keepAnAdministrator = async (db: Queryable): Promise<() => Promise<void>> => {
  await db.query(`select pg_advisory_xact_lock(hashtext('hub-rights'))`);
  const there = await isThere(db);
  return async () => {
    if (there && !(await isThere(db)))
      throw problem(409, 'locks_out', 'Nobody would be left who may do and see everything.');
  };
};

const isThere = async (db: Queryable): Promise<boolean> =>
  (
    await db.query(
      `select u.id from hub_user u join hub_user_group j on j.user_id = u.id join user_group g on g.id = j.group_id
        where u.active and '*' = any(g.permissions) and not u.mask_data and not exists (select from hub_user_tag where user_id = u.id) limit 1`,
    )
  ).rows.length > 0;
