import type { Queryable } from '../../db/pool.ts';
import type { FileStorage } from '../../storage/file-storage.ts';

const AT_ONCE = 20;

/** Puts a file whose row is written next. Until then it is loose: whoever dies in between leaves nothing behind for good. */
export const putLoose = async (db: Queryable, storage: FileStorage, key: string, bytes: Uint8Array): Promise<void> => {
  await loosen(db, key);
  await storage.put(key, bytes);
};

/** In the transaction whose row names the file from now on. */
export const nameFile = async (db: Queryable, key: string): Promise<void> => {
  await db.query('delete from loose_file where storage_key = $1', [key]);
};

/** In the transaction that takes away the row that named the file. */
export const loosen = async (db: Queryable, key: string): Promise<void> => {
  await db.query('insert into loose_file (storage_key) values ($1)', [key]);
};

/** Removes this file if it is loose, and those that others left an hour ago or earlier. Throws nothing: what cannot be removed now is tried again next time. */
export const removeLoose = async (db: Queryable, storage: FileStorage, key: string): Promise<void> => {
  const remove = async (loose: string): Promise<void> => {
    await storage.remove(loose);
    await nameFile(db, loose);
  };
  try {
    const { rows } = await db.query<{ key: string }>(
      `select storage_key as key from loose_file where storage_key = $1 or since < now() - interval '1 hour'
        order by storage_key <> $1, random() limit ${AT_ONCE}`,
      [key],
    );
    for (const loose of rows) await remove(loose.key).catch(() => undefined);
  } catch {
    // Whoever called has done what he was asked for; `hub_loose_files` tells of what stays.
  }
};
