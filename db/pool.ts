import pg from 'pg';
import { PreparingClient } from './preparing-client.ts';

type Limits = Pick<pg.PoolConfig, 'statement_timeout' | 'query_timeout'>;

const SHORT: Limits = {
  // Money statements are short; one that runs this long is stuck and is given back.
  statement_timeout: 15_000,
  // The server's own limit cannot be heard over a connection that is half-open: then this one gives it up.
  query_timeout: 20_000,
};

/** For who reads all there is, or waits until another has done so. */
export const AS_LONG_AS_IT_TAKES: Limits = {};

/** Plain SQL for the hot paths: ledger, webhooks, audit, transactions. `numeric` and `bigint` stay strings. */
export const createPool = (databaseUrl: string, size = 10, limits = SHORT): pg.Pool => {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString: databaseUrl,
    max: size,
    // Also how long a caller queues for a connection that others use: a burst is worked off, not turned away.
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
    idle_in_transaction_session_timeout: 15_000,
    ...limits,
  });
  // The pool listens to connections that are idle. One that breaks in somebody's hands, between two statements, would end the
  // process; its next statement fails anyway.
  pool.on('connect', (db) => db.on('error', () => undefined));
  return pool;
};

/** A primary that became a standby: the next connection may find the new one. */
const takesNoWrites = (error: unknown): error is Error => (error as { code?: unknown }).code === '25006';

export type Queryable = Pick<pg.ClientBase, 'query'>;

/** Runs `work` in one transaction. An error rolls back and is thrown on. */
export const inTransaction = async <T>(pool: pg.Pool, work: (db: pg.PoolClient) => Promise<T>): Promise<T> => {
  const db = await pool.connect();
  let broken: Error | undefined;
  try {
    await db.query('begin');
    const result = await work(db);
    await db.query('commit');
    return result;
  } catch (error) {
    await db.query('rollback').catch((lost: Error) => (broken = lost));
    if (takesNoWrites(error)) broken = error;
    throw error;
  } finally {
    db.release(broken);
  }
};
