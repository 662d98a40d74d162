import { hashPassword, isOutdated } from '../passwords.ts';
import type { Queryable } from '../pool.ts';

/**
 * Makes the hash anew where it was made at another cost than is wanted now; `password` is known to be right. Answers the hash that counts from now on. One
 * that was changed meanwhile is left as it is.
 */
export const atPresentCost = async (
  db: Queryable,
  { table, id, hash }: { table: 'client' | 'hub_user'; id: number; hash: string },
  password: string,
): Promise<string> => {
  if (!isOutdated(hash)) return hash;
  const anew = await hashPassword(password);
  const { rowCount } = await db.query(
    `update ${table} set password_hash = $3 where ${table === 'client' ? 'client_id' : 'id'} = $1 and password_hash = $2`,
    [id, hash, anew],
  );
  return rowCount === 1 ? anew : hash;
};
