/** What the database could not do now is answered as "come again": nothing of it was written. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type pg from 'pg';
import { toProblem } from '../../api/kit/errors.ts';
import { inTransaction } from '../../db/pool.ts';
import { freshPool } from '../kit/hub.ts';

let database: Awaited<ReturnType<typeof freshPool>>;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshPool(2);
  ({ pool } = database);
  await pool.query(`create table door (id integer primary key)`);
  await pool.query(`insert into door values (1), (2)`);
});
afterAll(() => database?.drop());

const told = (error: unknown) => {
  const { status, details } = toProblem(error);
  return [status, details[0]?.reason];
};
const close = (db: pg.PoolClient, door: number) =>
  db.query(`select from door where id = $1 for update`, [door]).then(() => undefined);

it('one of two that wait for each other', async () => {
  let both = () => undefined as void;
  const firstDoors = new Promise<void>((done) => (both = done));
  let inside = 0;
  const pass = (one: number, other: number) =>
    inTransaction(pool, async (db) => {
      await close(db, one);
      if (++inside === 2) both();
      await firstDoors;
      await close(db, other);
    });
  const outcomes = await Promise.allSettled([pass(1, 2), pass(2, 1)]);
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [told(one.reason)] : []));
  expect(refused).toEqual([[503, 'unavailable']]);
});

it('a statement that waited too long', async () => {
  const waiting = inTransaction(pool, async (db) => {
    await db.query(`set local statement_timeout = 50`);
    await db.query(`select pg_sleep(20)`);
  });
  expect(told(await waiting.catch((error: unknown) => error))).toEqual([503, 'unavailable']);
});

it('a database that takes no new connection', () => {
  expect(told(new Error('timeout expired'))).toEqual([503, 'unavailable']);
});

it('a statement on a line that says nothing any more', async () => {
  const { Client } = pool.options as unknown as { Client: typeof pg.Client };
  const deaf = new Client({ connectionString: database.url, query_timeout: 50 });
  deaf.on('error', () => undefined);
  await deaf.connect();
  expect(told(await deaf.query(`select pg_sleep(1)`).catch((error: unknown) => error))).toEqual([503, 'unavailable']);
  await deaf.end();
});
