import type pg from 'pg';

/** A pool over which commits are done, but not answered. `which`: asked at every commit, with what its transaction said. */
export const commitsUnanswered = (pool: pg.Pool, which: (said: string) => boolean = () => true): pg.Pool =>
  Object.assign(Object.create(pool) as pg.Pool, {
    query: pool.query.bind(pool),
    connect: async () => {
      const db = await pool.connect();
      let said = '';
      const query = async (text: string, values?: unknown[]) => {
        const answer = await db.query(text, values);
        said += `${text} ${JSON.stringify(values)}`;
        if (text === 'commit' && which(said)) throw new Error('Connection terminated unexpectedly');
        return answer;
      };
      return Object.assign(Object.create(db) as pg.PoolClient, { query });
    },
  });

/** The same of one commit alone: the first of a transaction that said this. `lost`: whether it has come. */
export const oneCommitUnanswered = (pool: pg.Pool, what: string): { pool: pg.Pool; lost: () => boolean } => {
  let lost = false;
  const which = (said: string) => {
    if (lost || !said.includes(what)) return false;
    lost = true;
    return true;
  };
  return { pool: commitsUnanswered(pool, which), lost: () => lost };
};
