import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

/** SQL that is true when a user with these tags may see the client in `column`. Tag ids are whole numbers from our own table. */
export const scopeSql = ({ tagIds }: { tagIds: readonly number[] }, column: string): string =>
  tagIds.length === 0
    ? 'true'
    : `exists (select 1 from client_tag where client_tag.client_id = ${column} and tag_id in (${tagIds.join(',')}))`;

/** Throws NotFound when the user's tags do not let them see this client (or there is none). */
export const assertSees = async (
  db: Queryable,
  user: { tagIds: readonly number[] },
  clientId: number,
  what = 'client',
  field?: string,
): Promise<void> => {
  const found = await db.query(`select 1 from client where client_id = $1 and ${scopeSql(user, 'client.client_id')}`, [
    clientId,
  ]);
  if (found.rowCount === 0)
    throw new HubFailure('NotFound', 'not_found', `There is no such ${what}.`, field === undefined ? {} : { field });
};
