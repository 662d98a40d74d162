import { type UserActor, may } from '../../kit/access.ts';
import type { Queryable } from '../../../db/pool.ts';
import { problem } from '../../kit/errors.ts';

/** Nobody hands out, takes away or borrows rights they do not hold themselves. Throws 403. */
export const assertHoldsAll = (actor: UserActor, permissions: readonly string[], field?: string): void => {
  const more = permissions.find((permission) => !may(actor, permission));
  if (more !== undefined) throw problem(403, 'forbidden', `You do not hold the permission ${more} yourself.`, field);
};

/** What a user may do by his groups. */
export const permissionsOf = async (userId: number, db: Queryable): Promise<string[]> => {
  const { rows } = await db.query<{ permission: string }>(
    'select unnest(g.permissions) as permission from user_group g join hub_user_group j on j.group_id = g.id where j.user_id = $1',
    [userId],
  );
  return rows.map((row) => row.permission);
};
