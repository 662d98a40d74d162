import type pg from 'pg';

const BRANCHES = 10;
const TELLERS = 10 * BRANCHES;
const ACCOUNTS = 100_000 * BRANCHES;

export interface TpcB {
  transaction: (lane: number, hot: boolean) => Promise<void>;
  /** How many transactions the history knows. */
  history: () => Promise<number>;
  assertBalanced: () => Promise<void>;
}

/** pgbench's tables at scale 10. */
export const layTables = async (pool: pg.Pool): Promise<void> => {
  await pool.query(`
    create table bench_branch (bid integer not null, bbalance integer, filler char(88));
    create table bench_teller (tid integer not null, bid integer, tbalance integer, filler char(84));
    create table bench_account (aid integer not null, bid integer, abalance integer, filler char(84));
    create table bench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22));
    insert into bench_branch select n, 0, '' from generate_series(1, ${BRANCHES}) n;
    insert into bench_teller select n, (n - 1) / 10 + 1, 0, '' from generate_series(1, ${TELLERS}) n`);
  for (let branch = 0; branch < BRANCHES; branch++) {
    // In parts: each statement of the pool has to end within its time limit.
    await pool.query(
      `insert into bench_account select n, $1::integer + 1, 0, '' from generate_series($1 * 100000 + 1, ($1 + 1) * 100000) n`,
      [branch],
    );
  }
  await pool.query(`alter table bench_branch add primary key (bid)`);
  await pool.query(`alter table bench_teller add primary key (tid)`);
  await pool.query(`alter table bench_account add primary key (aid)`);
  await pool.query(`analyze bench_branch, bench_teller, bench_account`);
};

const upTo = (count: number): number => 1 + Math.floor(Math.random() * count);

/** pgbench's built-in transaction, statement by statement as it sends it; every statement prepared. `hot`: one branch for all. */
export const tpcB = (pool: pg.Pool, clients: readonly pg.Client[]): TpcB => ({
  transaction: async (lane, hot) => {
    const client = clients[lane]!;
    const say = (name: string, text: string, values: unknown[]) => client.query({ name, text, values });
    const [aid, bid, tid, delta] = [upTo(ACCOUNTS), hot ? 1 : upTo(BRANCHES), upTo(TELLERS), upTo(10_000) - 5_000];
    await client.query('begin');
    await say('a', 'update bench_account set abalance = abalance + $1 where aid = $2', [delta, aid]);
    await say('s', 'select abalance from bench_account where aid = $1', [aid]);
    await say('t', 'update bench_teller set tbalance = tbalance + $1 where tid = $2', [delta, tid]);
    await say('b', 'update bench_branch set bbalance = bbalance + $1 where bid = $2', [delta, bid]);
    await say('h', 'insert into bench_history (tid, bid, aid, delta, mtime) values ($1, $2, $3, $4, now())', [
      tid,
      bid,
      aid,
      delta,
    ]);
    await client.query('commit');
  },
  history: async () => Number((await pool.query<{ n: string }>(`select count(*) as n from bench_history`)).rows[0]!.n),
  assertBalanced: async () => {
    const { rows } = await pool.query<{ same: boolean }>(
      `select (select coalesce(sum(delta), 0) from bench_history) = all (array[
         (select sum(abalance) from bench_account), (select sum(tbalance) from bench_teller), (select sum(bbalance) from bench_branch)]) as same`,
    );
    if (!rows[0]!.same) throw new Error('the TPC-B tables do not balance');
  },
});
