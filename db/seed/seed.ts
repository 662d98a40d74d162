import { createPool, inTransaction } from '../pool.ts';
import { type DemoConnection, seedDemo } from './demo.ts';
import { seedReference } from './reference.ts';

/** Reference data always; with `demo`, a small brokerage on the sandboxes as well. */
export const seed = async (
  databaseUrl: string,
  demo?: { configKeys: string; connections: readonly DemoConnection[] },
): Promise<void> => {
  const pool = createPool(databaseUrl, 1);
  try {
    await inTransaction(pool, async (db) => {
      await db.query(`select pg_advisory_xact_lock(hashtext('hub-seed'))`);
      await seedReference(db);
      if (demo) await seedDemo(db, demo.configKeys, demo.connections);
    });
  } finally {
    await pool.end();
  }
};
