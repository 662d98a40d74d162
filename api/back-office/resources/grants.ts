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

/**
 * Nobody changes, removes or helps in a colleague who may do or see more than he does: with his password he would be him. Throws 403. Himself he may.
 */
export const assertMayManage = async (actor: UserActor, userId: number, db: Queryable): Promise<void> => {
  assertHoldsAll(actor, await permissionsOf(userId, db));
  if (actor.id === userId) return;
  const { rows } = await db.query<{ maskData: boolean; tagIds: number[] }>(
    `select mask_data as "maskData", array(select tag_id from hub_user_tag where user_id = $1) as "tagIds" from hub_user where id = $1`,
    [userId],
  );
  const { maskData, tagIds } = rows[0]!;
  if ((actor.maskData && !maskData) || seesMore(actor, tagIds))
    throw problem(403, 'forbidden', 'This user sees more than you do.');
};

/** Whether one with these tags sees clients whom this user does not. */
export const seesMore = ({ tagIds: sees }: UserActor, tagIds: readonly number[]): boolean =>
  sees.length > 0 && (tagIds.length === 0 || tagIds.some((tag) => !sees.includes(tag)));
