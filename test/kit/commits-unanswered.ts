import type pg from 'pg';

/** A pool over which commits are done, but not answered; `every`: how many of them. */
export const commitsUnanswered = (pool: pg.Pool, every: 'one' | 'second' = 'one'): pg.Pool => {
  let commits = 0;
  return Object.assign(Object.create(pool) as pg.Pool, {
    query: pool.query.bind(pool),
    connect: async () => {
      const db = await pool.connect();
      const query = async (text: string, values?: unknown[]) => {
        const answer = await db.query(text, values);
        if (text === 'commit' && (every === 'one' || ++commits % 2 === 1))
          throw new Error('Connection terminated unexpectedly');
        return answer;
      };
      return Object.assign(Object.create(db) as pg.PoolClient, { query });
    },
  });
};
