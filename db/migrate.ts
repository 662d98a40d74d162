import { readFileSync, readdirSync } from 'node:fs';
import { MikroORM } from '@mikro-orm/postgresql';
import { Migration, Migrator } from '@mikro-orm/migrations';
import { AS_LONG_AS_IT_TAKES, createPool } from './pool.ts';

const folder = new URL('./migrations/', import.meta.url);
const functions = new URL('./sql/', import.meta.url);
const sqlFiles = (of: URL) =>
  readdirSync(of)
    .filter((name) => name.endsWith('.sql'))
    .sort();

const migrationFrom = (file: string) => ({
  name: file.replace(/\.sql$/, ''),
  class: class extends Migration {
    override up(): void {
      this.addSql(readFileSync(new URL(file, folder), 'utf8'));
    }
  },
});

/**
 * Brings the database to the present schema: runs what is new in migrations/ (each file once, in a transaction), then lays
 * every function of sql/ anew. Safe to call from many processes at once.
 */
export const migrate = async (databaseUrl: string): Promise<{ applied: string[] }> => {
  // One process waits here until another has migrated.
  const pool = createPool(databaseUrl, 1, AS_LONG_AS_IT_TAKES);
  const lock = await pool.connect();
  try {
    await lock.query(`select pg_advisory_lock(hashtext('hub-migrate'))`);
    const orm = await MikroORM.init({
      clientUrl: databaseUrl,
      entities: [],
      discovery: { warnWhenNoEntities: false },
      extensions: [Migrator],
      migrations: {
        migrationsList: sqlFiles(folder).map(migrationFrom),
        snapshot: false,
        silent: true,
        tableName: 'schema_migration',
      },
    });
    try {
      const applied = await orm.migrator.up();
      for (const file of sqlFiles(functions)) await lock.query(readFileSync(new URL(file, functions), 'utf8'));
      return { applied: applied.map((one) => one.name) };
    } finally {
      await orm.close(true);
    }
  } finally {
    await lock.query(`select pg_advisory_unlock(hashtext('hub-migrate'))`).catch(() => undefined);
    lock.release(true);
    await pool.end();
  }
};
