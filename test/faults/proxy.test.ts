import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { freePort } from '../../cli/embedded/ports.ts';
import { createPool, inTransaction } from '../../db/pool.ts';
import { Proxy } from './proxy.ts';

let proxy: Proxy;
let pool: pg.Pool;

beforeAll(async () => {
  const url = new URL(process.env['HUB_TEST_DATABASE_URL']!);
  const port = await freePort();
  proxy = await Proxy.start(port, Number(url.port));
  url.port = String(port);
  pool = createPool(url.href, 2);
  pool.on('error', () => undefined);
});
afterAll(async () => {
  await pool.end();
  await proxy.close();
});
afterEach(() => proxy.heal());

const one = async (): Promise<unknown> => (await pool.query('select 1 as one')).rows[0];

describe('a database connection', () => {
  it.each(['reset', 'cut'] as const)(
    'that is %s between two statements fails its transaction and nothing else',
    async (how) => {
      const work = inTransaction(pool, async (db) => {
        await db.query('select 1');
        proxy.drop(how);
        await sleep(50); // nobody has a statement under way: only a listener keeps the process alive
        await db.query('select 1');
      });
      await expect(work).rejects.toThrow();
      expect(await one()).toEqual({ one: 1 });
    },
  );

  it('is made anew when idle ones were lost', async () => {
    expect(await one()).toEqual({ one: 1 });
    proxy.drop('reset');
    while (pool.idleCount > 0) await sleep(5);
    expect(await one()).toEqual({ one: 1 });
  });

  it('that is refused says so, and works again in fine weather', async () => {
    proxy.drop('cut');
    proxy.set({ is: 'refusing' });
    await expect(one()).rejects.toThrow();
    proxy.heal();
    expect(await one()).toEqual({ one: 1 });
  });

  it('answers through slow weather too', async () => {
    proxy.set({ is: 'drip', bytesPer10Ms: 50 });
    expect(await one()).toEqual({ one: 1 });
    proxy.set({ is: 'latency', ms: 20 });
    expect(await one()).toEqual({ one: 1 });
  });

  it.each([
    ['a statement', (db: pg.Pool) => db.query(`insert into kept values (1)`)],
    ['a transaction', (db: pg.Pool) => inTransaction(db, (on) => on.query(`insert into kept values (1)`))],
  ])('that breaks before its answer has kept what %s wrote', async (_, write) => {
    await pool.query(`create table kept (n int)`);
    try {
      proxy.set({ is: 'unanswered' });
      await expect(write(pool)).rejects.toThrow();
      proxy.heal();
      expect((await pool.query(`select n from kept`)).rows).toEqual([{ n: 1 }]);
    } finally {
      proxy.heal();
      await pool.query(`drop table kept`);
    }
  });

  it('that became half-open says nothing until it is reset', async () => {
    expect(await one()).toEqual({ one: 1 });
    proxy.set({ is: 'half-open' });
    const question = one().then(
      () => 'answered',
      () => 'failed',
    );
    expect(await Promise.race([question, sleep(300, 'silence')])).toBe('silence');
    proxy.heal();
    expect(await question).toBe('failed');
  });
});
