import type pg from 'pg';
import { eventually } from './hub.ts';

/**
 * Somebody else's `change` is made but not committed when `work` comes to it; once so `many` of `work` wait, he makes `more` of it and commits. Answers what
 * came of `work`.
 */
export const meanwhile = async <T>(
  pool: pg.Pool,
  change: (db: pg.PoolClient) => Promise<unknown>,
  work: () => Promise<T>,
  { many = 1, more }: { many?: number; more?: (db: pg.PoolClient) => Promise<unknown> } = {},
): Promise<T> => {
  const other = await pool.connect();
  let working: Promise<T>;
  try {
    await other.query('begin');
    await change(other);
    working = work();
    working.catch(() => undefined);
    await eventually(async () => {
      const { rowCount } = await pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rowCount! >= many;
    }, 'somebody to wait for it');
    await more?.(other);
    await other.query('commit');
  } catch (error) {
    await other.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    other.release();
  }
  return working;
};
