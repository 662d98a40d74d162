import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { inTransaction } from '../../db/pool.ts';
import { checkLedger, type LedgerTransfer, openLedgerAccount, post } from '../../db/repositories/ledger.ts';
import { freshPool } from '../kit/hub.ts';

let pool: pg.Pool;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ pool, drop } = await freshPool(12));
});
afterAll(() => drop());

let wallets = 0;
const wallet = async (amount = '0', currency = 840, alpha = 'USD'): Promise<string> => {
  const code = `wallet:${++wallets}`;
  await openLedgerAccount(pool, code, 'wallet', currency);
  if (amount !== '0')
    await post(pool, randomUUID(), [{ do: 'post', from: `house:suspense:${alpha}`, to: code, amount }]);
  return code;
};
const balanceOf = async (code: string) =>
  (
    await pool.query(
      `select trim_scale(balance)::text as balance, trim_scale(held)::text as held from ledger_account where code = $1`,
      [code],
    )
  ).rows[0];
const put = (transfers: LedgerTransfer[], key: string = randomUUID()) => post(pool, key, transfers);

describe('posting', () => {
  it('moves money from one account to another and answers both balances', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const { accounts } = await put([{ do: 'post', from: a, to: b, amount: '30.25' }]);
    expect(Number(accounts[a]!.available)).toBe(69.75);
    expect(await balanceOf(b)).toEqual({ balance: '30.25', held: '0' });
  });

  it('refuses what would overdraw, and then nothing of the batch happened', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const batch: LedgerTransfer[] = [
      { do: 'post', from: a, to: b, amount: '60' },
      { do: 'post', from: a, to: b, amount: '60' },
    ];
    await expect(put(batch)).rejects.toMatchObject({ type: 'Rejected', reason: 'insufficient_funds' });
    expect(await balanceOf(a)).toEqual({ balance: '100', held: '0' });
  });

  it('judges the transfers of a batch one after the other', async () => {
    const [a, b] = [await wallet('100'), await wallet('50')];
    const there: LedgerTransfer = { do: 'post', from: a, to: b, amount: '120' };
    const back: LedgerTransfer = { do: 'post', from: b, to: a, amount: '50' };
    await expect(put([there, back])).rejects.toMatchObject({ reason: 'insufficient_funds' });
    await put([back, there]);
    expect(await balanceOf(a)).toEqual({ balance: '30', held: '0' });
  });

  it('opens accounts of providers and the house once, in whatever order they are asked for at the same moment', async () => {
    const [clearing, fees] = ['provider:77:clearing:USD', 'provider:77:fees:USD'];
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const [from, to] = i % 2 ? [clearing, fees] : [fees, clearing];
        return put([{ do: 'post', from: from!, to: to!, amount: '1' }]);
      }),
    );
    expect([await balanceOf(clearing), await balanceOf(fees)]).toEqual([
      { balance: '0', held: '0' },
      { balance: '0', held: '0' },
    ]);
  });

  it('takes a batch of nothing', async () => {
    expect(await put([])).toEqual({ replayed: false, accounts: {} });
  });

  it('answers a repeat of the same operation without moving money again', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const key = randomUUID();
    const batch: LedgerTransfer[] = [{ do: 'post', from: a, to: b, amount: '10' }];
    expect((await put(batch, key)).replayed).toBe(false);
    expect((await put(batch, key)).replayed).toBe(true);
    expect(await balanceOf(b)).toEqual({ balance: '10', held: '0' });
  });

  it('refuses the same key with other content', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const key = randomUUID();
    await put([{ do: 'post', from: a, to: b, amount: '10' }], key);
    await expect(put([{ do: 'post', from: a, to: b, amount: '11' }], key)).rejects.toMatchObject({
      reason: 'operation_key_reused',
    });
  });

  it('posts once when twenty callers send the same operation at the same moment', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => put([{ do: 'post', from: a, to: b, amount: '10' }], key)),
    );
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    expect(await balanceOf(b)).toEqual({ balance: '10', held: '0' });
  });

  it.each([
    ['more decimals than the currency has', '0.001', 'too_many_decimals'],
    ['zero', '0', 'validation'],
    ['a negative amount', '-5', 'validation'],
  ])('refuses %s', async (_, amount, reason) => {
    const [a, b] = [await wallet('100'), await wallet()];
    await expect(put([{ do: 'post', from: a, to: b, amount }])).rejects.toMatchObject({ reason });
  });

  it('refuses to mix currencies, unknown accounts and paying oneself', async () => {
    const [usd, btc] = [await wallet('100'), await wallet('0', 1000, 'BTC')];
    await expect(put([{ do: 'post', from: usd, to: btc, amount: '1' }])).rejects.toMatchObject({
      reason: 'currency_mismatch',
    });
    await expect(put([{ do: 'post', from: usd, to: 'wallet:0', amount: '1' }])).rejects.toMatchObject({
      reason: 'not_found',
    });
    await expect(put([{ do: 'post', from: usd, to: 'provider:1:clearing:NONE', amount: '1' }])).rejects.toMatchObject({
      reason: 'not_found',
    });
    await expect(put([{ do: 'post', from: usd, to: usd, amount: '1' }])).rejects.toMatchObject({
      reason: 'validation',
    });
  });
});

describe('a hold', () => {
  it('keeps money from being spent until it is captured', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const hold = randomUUID();
    await put([{ do: 'hold', from: a, amount: '80' }], hold);
    await expect(put([{ do: 'post', from: a, to: b, amount: '30' }])).rejects.toMatchObject({
      reason: 'insufficient_funds',
    });
    await put([{ do: 'capture', hold, to: b, amount: '80' }]);
    expect(await balanceOf(a)).toEqual({ balance: '20', held: '0' });
  });

  it('gives the rest back when less is captured', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const hold = randomUUID();
    await put([{ do: 'hold', from: a, amount: '80' }], hold);
    await put([{ do: 'capture', hold, to: b, amount: '50' }]);
    expect(await balanceOf(a)).toEqual({ balance: '50', held: '0' });
  });

  it('is settled once: ten captures and ten releases at the same moment leave one winner', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const hold = randomUUID();
    await put([{ do: 'hold', from: a, amount: '10' }]);
    await put([{ do: 'hold', from: a, amount: '80' }], hold);
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        put([i % 2 ? { do: 'release', hold } : { do: 'capture', hold, to: b, amount: '80' }]),
      ),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(new Set(tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.reason] : [])))).toEqual(
      new Set(['hold_settled']),
    );
    expect((await balanceOf(a)).held).toBe('10');
  });

  it('is not settled twice by one batch either', async () => {
    const a = await wallet('100');
    const hold = randomUUID();
    await put([{ do: 'hold', from: a, amount: '40' }], hold);
    const twice: LedgerTransfer[] = [
      { do: 'release', hold },
      { do: 'release', hold },
    ];
    await expect(put(twice)).rejects.toMatchObject({ reason: 'hold_settled' });
    expect(await balanceOf(a)).toEqual({ balance: '100', held: '40' });
  });

  it('is settled once by batches that settle two of them in opposite order', async () => {
    const a = await wallet('100');
    const [one, two] = [randomUUID(), randomUUID()];
    for (const hold of [one, two]) await put([{ do: 'hold', from: a, amount: '40' }], hold);
    const tries = await Promise.allSettled(
      Array.from({ length: 12 }, (_, i) =>
        put((i % 2 ? [one, two] : [two, one]).map((hold) => ({ do: 'release', hold }) as const)),
      ),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.reason] : []))).toEqual(
      Array.from({ length: 11 }, () => 'hold_settled'),
    );
    expect(await balanceOf(a)).toEqual({ balance: '100', held: '0' });
  });

  it('cannot be captured for more than it held', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const hold = randomUUID();
    await put([{ do: 'hold', from: a, amount: '80' }], hold);
    await expect(put([{ do: 'capture', hold, to: b, amount: '81' }])).rejects.toMatchObject({ reason: 'validation' });
  });
});

describe('the database itself', () => {
  it.each(['ledger_operation', 'ledger_transfer', 'ledger_posting'])(
    'refuses to change or delete rows of %s',
    async (table) => {
      await expect(pool.query(`delete from ${table}`)).rejects.toMatchObject({ code: 'LG000' });
      await expect(pool.query(`truncate ${table} cascade`)).rejects.toMatchObject({ code: 'LG000' });
      const column = table === 'ledger_operation' ? 'key' : 'create_time';
      await expect(pool.query(`update ${table} set ${column} = ${column}`)).rejects.toMatchObject({ code: 'LG000' });
    },
  );

  it('refuses transfers and postings that do not come from the posting function', async () => {
    const direct = [
      `insert into ledger_transfer (operation_key, position, kind, from_account, to_account, amount) values ('x', 0, 'post', 1, 2, 5)`,
      `insert into ledger_posting (transfer_id, account_id, amount, balance) values (1, 1, 5, 5)`,
    ];
    for (const sql of direct) await expect(pool.query(sql)).rejects.toMatchObject({ code: 'LG000' });
  });

  it('refuses a balance that is changed past the posting function', async () => {
    const a = await wallet('100');
    await expect(
      pool.query(`update ledger_account set balance = balance + 1 where code = $1`, [a]),
    ).rejects.toMatchObject({ code: 'LG000' });
  });

  it.each(['id = default', `code = 'wallet:other'`, `kind = 'trading'`, 'currency = 978', 'may_overdraw = true'])(
    'refuses to make another account of one: %s',
    async (change) => {
      const a = await wallet();
      await expect(pool.query(`update ledger_account set ${change} where code = $1`, [a])).rejects.toMatchObject({
        code: 'LG000',
      });
    },
  );

  it('refuses it in the transaction of a posting too', async () => {
    const [a, b] = [await wallet('100'), await wallet()];
    const write = inTransaction(pool, async (db) => {
      await post(db, randomUUID(), [{ do: 'post', from: a, to: b, amount: '10' }]);
      await db.query(`update ledger_account set balance = balance + 1 where code = $1`, [a]);
    });
    await expect(write).rejects.toMatchObject({ code: 'LG000' });
    expect(await balanceOf(b)).toEqual({ balance: '0', held: '0' });
  });

  it.each([
    [`insert into ledger_transfer (operation_key, position, kind, from_account, amount) values ('x', 0, 'gift', 1, 5)`],
    [`insert into ledger_transfer (operation_key, position, kind, from_account, amount) values ('x', 0, 'hold', 1, 0)`],
    [`insert into ledger_posting (transfer_id, account_id, amount, balance) values (1, 1, 0, 5)`],
    [`insert into ledger_operation (key, content) values ('', '[]')`],
    [`update ledger_account set held = -1 where code = 'house:suspense:USD'`],
    [`update ledger_account set balance = -1 where kind = 'wallet'`],
  ])('refuses it from everybody: %s', async (sql) => {
    await wallet();
    const write = inTransaction(pool, async (db) => {
      await db.query(`select set_config('ledger.posting', 'on', true)`);
      await db.query(sql);
    });
    await expect(write).rejects.toMatchObject({ code: '23514' });
  });
});

describe('the ledger check', () => {
  it('finds a balance somebody tampered with', async () => {
    const a = await wallet('100');
    await pool.query(
      `begin; select set_config('ledger.posting', 'on', true); update ledger_account set balance = balance + 1 where code = '${a}'; commit`,
    );
    expect(await checkLedger(pool)).toEqual(expect.arrayContaining([expect.objectContaining({ subject: a })]));
    await pool.query(
      `begin; select set_config('ledger.posting', 'on', true); update ledger_account set balance = balance - 1 where code = '${a}'; commit`,
    );
    expect(await checkLedger(pool)).toEqual([]);
  });

  it('finds a transfer that is not what its kind says', async () => {
    const db = await pool.connect();
    try {
      await db.query(`begin; select set_config('ledger.posting', 'on', true);
        insert into ledger_transfer (operation_key, position, kind, from_account, amount) values ('x', 0, 'capture', 1, 5)`);
      const found = (await checkLedger(db)).map(({ invariant }) => invariant);
      expect(found).toContain('captures and releases settle a hold, posts and captures have a payee');
    } finally {
      await db.query('rollback');
      db.release();
    }
  });
});

describe('whatever is posted at the same time', () => {
  it('keeps every invariant', async () => {
    const wallets = await Promise.all(Array.from({ length: 5 }, () => wallet('1000')));
    const accounts = [...wallets, 'provider:5:clearing:USD', 'provider:5:fees:USD', 'house:income:USD'];
    const account = fc.integer({ min: 0, max: accounts.length - 1 });
    const cents = fc.integer({ min: 1, max: 60_000 });
    const move = fc.oneof(
      fc.record({ is: fc.constant('post' as const), from: account, to: account, cents }),
      fc.record({
        is: fc.constant('hold' as const),
        from: account,
        cents,
        end: fc.constantFrom('capture', 'release', 'capture twice', 'leave'),
        to: account,
        part: fc.integer({ min: 1, max: 100 }),
      }),
      fc.record({
        is: fc.constant('batch' as const),
        posts: fc.array(fc.record({ from: account, to: account, cents }), { minLength: 2, maxLength: 5 }),
      }),
    );
    const money = (value: number) => `${Math.floor(value / 100)}.${String(value % 100).padStart(2, '0')}`;
    const transfer = ({ from, to, cents: amount }: { from: number; to: number; cents: number }): LedgerTransfer => ({
      do: 'post',
      from: accounts[from]!,
      to: accounts[to]!,
      amount: money(amount),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 4, maxLength: 24 }), async (moves) => {
        const before = await pool.query(`select sum(balance) as total from ledger_account`);
        await Promise.all(
          moves.map(async (one) => {
            if (one.is === 'batch') return put(one.posts.map(transfer)).catch(refused);
            const from = accounts[one.from]!;
            const to = accounts[one.to]!;
            if (one.is === 'post') return put([transfer(one)]).catch(refused);
            const hold = randomUUID();
            const held = await put([{ do: 'hold', from, amount: money(one.cents) }], hold).catch(refused);
            if (!held || one.end === 'leave') return undefined;
            if (one.end === 'release') return put([{ do: 'release', hold }]);
            const part = Math.max(1, Math.floor((one.cents * one.part) / 100));
            const capture = () => put([{ do: 'capture', hold, to, amount: money(part) }]).catch(refused);
            return one.end === 'capture' ? capture() : Promise.all([capture(), capture()]);
          }),
        );
        expect(await checkLedger(pool)).toEqual([]);
        expect((await pool.query(`select sum(balance) as total from ledger_account`)).rows).toEqual(before.rows);
      }),
      { numRuns: 25 },
    );
  });
});

/** A business no is an answer; anything else is a bug. */
const refused = (error: { type?: string; reason?: string }): null => {
  if (error.type === 'Rejected' || error.reason === 'validation') return null;
  throw error;
};
