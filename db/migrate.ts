import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
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
 * Whoever changes a table waits until nobody reads it, and everybody else queues behind him: while a backup or a report reads on, the hub would stand still. So he
 * gives way soon, and comes again.
 */
const LOCK_WITHIN_MS = 2_000;
const AGAIN_AFTER_MS = 1_000;
const GIVES_UP_AFTER_MS = 10 * 60_000;

/** PostgreSQL's codes: not given the lock in time; given up so that two do not wait for each other. */
const IN_USE = new Set<unknown>(['55P03', '40P01']);

/**
 * Brings the database to the present schema: runs what is new in migrations/ (each file once, in a transaction of its own), then lays
 * every function of sql/ anew. Safe to call from many processes at once, and while the hub works. `say` hears what it waits for.
 */
export const migrate = async (
  databaseUrl: string,
  say: (line: string) => void = () => undefined,
): Promise<{ applied: string[] }> => {
  // One process waits here until another has migrated.
  const pool = createPool(databaseUrl, 1, AS_LONG_AS_IT_TAKES);
  const lock = await pool.connect();
  try {
    await lock.query(`select pg_advisory_lock(hashtext('hub-migrate'))`);
    const orm = await MikroORM.init({
      clientUrl: databaseUrl,
      entities: [],
      discovery: { warnWhenNoEntities: false },
      driverOptions: { lock_timeout: LOCK_WITHIN_MS },
      extensions: [Migrator],
      migrations: {
        migrationsList: sqlFiles(folder).map(migrationFrom),
        // In one transaction the first file's locks would be held until the last one is through.
        allOrNothing: false,
        snapshot: false,
        silent: true,
        tableName: 'schema_migration',
      },
    });
    try {
      const applied = (await orm.migrator.getPending()).map(({ name }) => name);
      await runPatiently(orm.migrator, say);
      for (const file of sqlFiles(functions)) await lock.query(readFileSync(new URL(file, functions), 'utf8'));
      return { applied };
    } finally {
      await orm.close(true);
    }
  } finally {
    await lock.query(`select pg_advisory_unlock(hashtext('hub-migrate'))`).catch(() => undefined);
    lock.release(true);
    await pool.end();
  }
};

const runPatiently = async (
  migrator: Pick<Migrator, 'up' | 'getPending'>,
  say: (line: string) => void,
): Promise<void> => {
  for (const until = Date.now() + GIVES_UP_AFTER_MS; ; await sleep(AGAIN_AFTER_MS)) {
    try {
      await migrator.up();
      return;
    } catch (error) {
      if (!IN_USE.has((error as { code?: unknown }).code) || Date.now() > until) throw error;
      const [next] = await migrator.getPending();
      say(`${next?.name ?? 'A migration'} waits for a table that somebody reads or writes for long; it comes again.`);
    }
  }
};
