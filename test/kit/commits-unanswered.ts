import type pg from 'pg';

/** A pool over which commits are done, but never answered. */
export const commitsUnanswered = (pool: pg.Pool): pg.Pool =>
  Object.assign(Object.create(pool) as pg.Pool, {
    query: pool.query.bind(pool),
    connect: async () => {
      const db = await pool.connect();
      const query = async (text: string, values?: unknown[]) => {
        const answer = await db.query(text, values);
        if (text === 'commit') throw new Error('Connection terminated unexpectedly');
        return answer;
      };
      return Object.assign(Object.create(db) as pg.PoolClient, { query });
    },
  });
