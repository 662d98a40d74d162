import type pg from 'pg';
import { eventually } from './hub.ts';

/**
 * Somebody else's `change` is made but not committed when `work` comes to it; committed once `work` waits, after what he does `then`. Answers what came of
 * `work`.
 */
export const meanwhile = async <T>(
  pool: pg.Pool,
  change: (db: pg.PoolClient) => Promise<unknown>,
  work: () => Promise<T>,
  then: (db: pg.PoolClient) => Promise<unknown> = () => Promise.resolve(),
): Promise<T> => {
  const other = await pool.connect();
  let working: Promise<T>;
  try {
    await other.query('begin');
    await change(other);
    working = work();
    working.catch(() => undefined);
    await eventually(
      async () =>
        (
          await pool.query(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
        ).rowCount,
      'somebody to wait for it',
    );
    await then(other);
    await other.query('commit');
  } catch (error) {
    await other.query('rollback');
    throw error;
  } finally {
    other.release();
  }
  return working;
};
