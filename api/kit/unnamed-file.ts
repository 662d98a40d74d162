import type { Queryable } from '../../db/pool.ts';
import type { FileStorage } from '../../storage/file-storage.ts';

/** Takes away a file whose row could not be written. It stays when there is such a row after all, whose answer was lost, or nobody can tell. */
export const dropUnnamed = async (
  db: Queryable,
  storage: FileStorage,
  { table, clientId, key }: { table: 'client_document' | 'client_photo'; clientId: number; key: string },
): Promise<void> => {
  try {
    const { rowCount } = await db.query(`select from ${table} where client_id = $1 and storage_key = $2`, [
      clientId,
      key,
    ]);
    if (rowCount === 0) await storage.remove(key);
  } catch {
    // What went wrong before is told; the file hurts nobody.
  }
};
