import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { migrate } from '../../db/migrate.ts';
import { eventually, freshPool, TestHub } from '../kit/hub.ts';

// As if a release without the last two changes of tables had made it: one to movements of money, one to accounts.
let pool: pg.Pool;
let url: string;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ pool, url, drop } = await freshPool(6));
});
afterAll(() => drop?.());

const undo = () =>
  pool.query(
    `alter table money_transaction drop column run_id; alter table account drop column run_id; alter table account_change drop column run_id;
     delete from schema_migration where name in ('0120-runs-that-begin-again', '0123-runs-of-accounts')`,
  );

/** A report, or a backup, reads accounts and does not end. */
const longRead = async (): Promise<{ end: () => Promise<void> }> => {
  const db = await pool.connect();
  await db.query('begin');
  await db.query('select count(*) from account');
  return { end: () => db.query('commit').then(() => db.release()) };
};

const hasRunId = async (table: string): Promise<boolean> =>
  (await pool.query(`select from information_schema.columns where table_name = $1 and column_name = 'run_id'`, [table]))
    .rows.length === 1;

describe('a migration of a hub that works', () => {
  it('gives way while somebody reads the table for long, so that nobody queues behind it, and comes again', async () => {
    await undo();
    const report = await longRead();
    const said: string[] = [];
    const migrating = migrate(url, (line) => said.push(line));
    try {
      await eventually(async () => said.length > 0, 'the migration to give way');
      // Whoever opens the account of a client waits for a moment at most.
      const reader = pool.query({
        text: `select from account where account_id = 1`,
        query_timeout: 5_000,
      } as pg.QueryConfig);
      await expect(reader).resolves.toBeDefined();
      expect(said[0]).toMatch(/^0123-runs-of-accounts waits for a table/);
      // What came before it stands, and holds nothing.
      expect(await hasRunId('money_transaction')).toBe(true);
      await pool.query(`set lock_timeout = '100ms'; lock table money_transaction in share mode nowait`);
    } finally {
      await report.end();
    }

    expect(await migrating).toEqual({ applied: ['0120-runs-that-begin-again', '0123-runs-of-accounts'] });
    expect(await hasRunId('account')).toBe(true);
    expect(await migrate(url)).toEqual({ applied: [] });
  });
});

describe('doubts of a release that did not note by which references they are settled', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await TestHub.start();
  });
  afterAll(() => hub?.stop());

  it('are known by that of their deposit, and that release goes on noting others', async () => {
    const deposit = await (await hub.clientWith('0', 'USDT')).deposit('10.00');
    await hub.pool.query(
      `alter table payment_doubt drop column known_as; delete from schema_migration where name = '0132-doubts-known-as'`,
    );
    const note = (payment: string) =>
      hub.pool.query(`insert into payment_doubt (transaction_id, payment, why) values ($1, $2, 'not confirmed')`, [
        deposit,
        payment,
      ]);
    await note('1');
    expect(await migrate(hub.settings.databaseUrl)).toEqual({ applied: ['0132-doubts-known-as'] });
    await note('2');
    const { reference } = await hub.one<{ reference: string }>(
      `select reference from money_transaction where transaction_id = $1`,
      [deposit],
    );
    const { rows } = await hub.pool.query(
      `select payment, known_as as "knownAs" from payment_doubt where transaction_id = $1 order by payment`,
      [deposit],
    );
    expect(rows).toEqual([
      { payment: '1', knownAs: [reference] },
      { payment: '2', knownAs: [] },
    ]);
  });
});
