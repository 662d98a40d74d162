import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Tools } from '../../activities/kit/activity.ts';
import { bookReversals } from '../../activities/ledger/book-reversals.ts';
import { quoteExchange } from '../../activities/rates/quote-exchange.ts';
import { noteQuote } from '../../db/repositories/exchanges.ts';
import { post } from '../../db/repositories/ledger.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { eventually } from '../kit/hub.ts';
import { type Caller, MoneyApi } from '../api/money-hub.ts';

// Deposits in Tether to a wallet in dollars. B2BINPAY's sandbox pays 0.9996 dollars for one; its rates are the first source, the ECB has no coins.

let api: MoneyApi;
let olga: Caller;
let methodId: number;
const USDT = 2145;
const rates = () => api.hub.sandbox('b2binpay-rates');

beforeAll(async () => {
  api = await MoneyApi.start({}, ['ecb', 'b2binpay-rates']);
  olga = await api.operator();
  methodId = await api.methodId('usdt-invoice');
  await api.hub.pool.query(
    `insert into payment_method_currency (method_id, type, currency, min, max) values ($1, 'TR', 840, 5, 5000)`,
    [methodId],
  );
  await api.hub.approvals('deposit', 0);
});
afterAll(() => api?.stop());
beforeEach(async () => {
  rates().reset();
  await api.hub.pool.query(`delete from rate`);
  await api.hub.pool.query(`update rate_source set enabled = true, max_age_seconds = 345600`);
  await api.hub.askRates('B2BINPAY');
});

type Client = Awaited<ReturnType<MoneyApi['clientWith']>>;
const order = (client: Client, amount: string, over: object = {}) =>
  client.call('POST /my/deposits/sync', { accountId: client.wallet, methodId, currencyCode: USDT, amount, ...over });

/** A deposit that waits for its payer. */
const ordered = async (client: Client, amount: string): Promise<{ id: number; page: string; reference: string }> => {
  const { status, body } = await order(client, amount);
  expect([status, body.workflow]).toEqual([201, 'deposit_redirect']);
  const id: number = body.data.transaction.transactionId;
  const { page, reference } = await api.hub.one<{ page: string; reference: string }>(
    `select provider_id as page, reference from money_transaction where transaction_id = $1`,
    [id],
  );
  return { id, page, reference };
};
const paid = async (client: Client, amount: string) => {
  const made = await ordered(client, amount);
  await api.hub.sandbox('b2binpay').pay(made.page, {});
  await api.hub.reaches(made.id, 'done');
  return made;
};
const shown = async (id: number) => (await olga.call(`GET /transactions/${id}`)).body;
const position = async (currency: string): Promise<string> =>
  (
    await api.hub.pool.query<{ balance: string }>(
      `select trim_scale(balance)::text as balance from ledger_account where code = $1`,
      [`house:exchange:${currency}`],
    )
  ).rows[0]?.balance ?? '0';
const change = async <T>(work: () => Promise<T>): Promise<{ result: T; usdt: number; usd: number }> => {
  const before = [Number(await position('USDT')), Number(await position('USD'))] as const;
  const result = await work();
  const round = (n: number) => Math.round(n * 1e6) / 1e6;
  return {
    result,
    usdt: round(Number(await position('USDT')) - before[0]),
    usd: round(Number(await position('USD')) - before[1]),
  };
};
const hasNews = async ({ reference }: { reference: string }): Promise<void> => {
  const { connection: connectionId } = await api.hub.methodId('usdt-invoice');
  await api.hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'news' });
};

describe('a deposit in another currency than the account', () => {
  it('is credited at the rate that was quoted, each currency balanced by itself', async () => {
    const client = await api.clientWith('0', 'USD');
    const preview = (await order(client, '100.5', { isPretend: true })).body.data;
    expect(preview).toMatchObject({
      creditDetails: { amount: '100.450000000000000000', currency: { alphabeticCode: 'USD' } },
      foreignExchangeRate: '0.999600000000000000',
      // Nothing is kept of it: the order gets a rate of its own.
      exchange: { paidAmount: '100.500000000000000000', paidCurrencyCode: USDT, isFixed: false, expireTime: null },
    });
    const { result, usdt, usd } = await change(() => paid(client, '100.5'));
    // 100.5 × 0.9996 = 100.4598, down to the cent.
    expect(await client.of.balance()).toEqual({ balance: '100.45', held: '0' });
    expect([usdt, usd]).toEqual([100.5, -100.45]);
    expect(await shown(result.id)).toMatchObject({
      creditDetails: { amount: '100.450000000000000000', currency: { alphabeticCode: 'USD' } },
      foreignExchangeRate: '0.999600000000000000',
      finalAmount: '100.450000000000000000',
      finalCurrency: { alphabeticCode: 'USD' },
      exchange: {
        paidAmount: '100.500000000000000000',
        paidCurrencyCode: USDT,
        rate: '0.999600000000000000',
        marketRate: '0.999600000000000000',
        source: 'B2BINPAY',
        isFixed: true,
      },
    });
    expect((await client.call(`GET /my/transactions/${result.id}`)).body.exchange).toMatchObject({ isFixed: true });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('pays the commission of the account, and the broker his markup', async () => {
    const client = await api.clientWith('0', 'USD');
    await api.hub.pool.query(
      `insert into payment_method_commission (method_id, type, currency, percent) values ($1, 'TR', 840, 1)`,
      [methodId],
    );
    await api.hub.pool.query(
      `insert into currency_pair (from_currency, to_currency, markup_sell) values ($1, 840, 2)`,
      [USDT],
    );
    const { result } = await change(() => paid(client, '100'));
    await api.hub.pool.query(`delete from payment_method_commission where currency = 840`);
    await api.hub.pool.query(`delete from currency_pair`);
    // 0.9996 less 2 % = 0.979608: 97.96, of which 0.98 are the broker's.
    expect(await client.of.balance()).toEqual({ balance: '96.98', held: '0' });
    expect(await shown(result.id)).toMatchObject({
      vendorCommission: '0.980000000000000000',
      exchange: { rate: '0.979608000000000000', marketRate: '0.999600000000000000' },
    });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('keeps its quote while that stands, and gets the rate of the day when the money comes later', async () => {
    const client = await api.clientWith('0', 'USD');
    await api.hub.pool.query(
      `insert into payment_method_commission (method_id, type, currency, percent) values ($1, 'TR', 840, 1)`,
      [methodId],
    );
    const [early, late] = [await ordered(client, '100'), await ordered(client, '200')];
    await rates().advance('USDT/USD', '0.98 0.981');
    await api.hub.askRates('B2BINPAY');
    await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [late.id]);
    for (const { id, page } of [early, late]) {
      await api.hub.sandbox('b2binpay').pay(page, {});
      await api.hub.reaches(id, 'done');
    }
    await api.hub.pool.query(`delete from payment_method_commission where method_id = $1`, [methodId]);
    // 99.96 less 1.00 (1 %, rounded up); 196.00 less 1.96.
    expect(await shown(early.id)).toMatchObject({ finalAmount: '98.960000000000000000' });
    expect(await shown(late.id)).toMatchObject({ finalAmount: '194.040000000000000000' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is credited with what came, not with what was ordered, and by a person when that is not the same', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client, '100');
    await api.hub.sandbox('b2binpay').pay(made.page, { amount: '60' });
    await api.hub.reaches(made.id, 'review');
    await api.heard('b2binpay', `deposit:${made.id}`);
    const { id: request } = await api.hub.openRequest(made.id);
    // The rate is fixed before a person looks: how long he takes changes nothing.
    expect((await shown(made.id)).exchange.isFixed).toBe(true);
    await rates().advance('USDT/USD', '0.97 0.971');
    await api.hub.askRates('B2BINPAY');
    expect((await olga.call(`POST /applications/${request}/approve`, {})).status).toBe(200);
    await api.hub.reaches(made.id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '59.97', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('waits when there is no rate as its money comes, and goes on by itself when there is one', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client, '100');
    await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [made.id]);
    await api.hub.pool.query(`update rate_source set max_age_seconds = 1 where name = 'B2BINPAY'`);
    await api.hub.pool.query(`update rate set source_time = source_time - interval '1 minute'`);
    await api.hub.sandbox('b2binpay').pay(made.page, {});
    const why = await eventually(
      async () =>
        (
          await api.hub.one<{ why: string | null }>(
            `select needs_human as why from money_transaction where transaction_id = $1`,
            [made.id],
          )
        ).why,
      'a person to be told',
    );
    expect(why).toBe('There is no rate for USDT/USD: what the rate sources said is too old.');
    expect(await client.of.balance()).toEqual({ balance: '0', held: '0' });
    await api.hub.pool.query(`update rate_source set max_age_seconds = 120`);
    await api.hub.askRates('B2BINPAY');
    await api.hub.reaches(made.id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '99.96', held: '0' });
  });

  it('goes back at the rate it came at, whatever it is now', async () => {
    const client = await api.clientWith('0', 'USD');
    const { result } = await change(() => paid(client, '100.01'));
    expect(await client.of.balance()).toEqual({ balance: '99.96', held: '0' });
    await rates().advance('USDT/USD', '1.04 1.05');
    await api.hub.askRates('B2BINPAY');
    const back = await change(async () => {
      await api.hub.sandbox('b2binpay').advance(result.page, 'transfer:-1');
      await hasNews(result);
      await api.hub.reaches(result.id, 'returned');
    });
    expect(await client.of.balance()).toEqual({ balance: '0', held: '0' });
    expect([back.usdt, back.usd]).toEqual([-100.01, 99.96]);
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('goes back in parts, which together are worth what was credited, and comes back by the same parts', async () => {
    const client = await api.clientWith('0', 'USD');
    const { reference } = await paid(client, '100.01');
    const { connection: connectionId } = await api.hub.methodId('usdt-invoice');
    const tools = { pool: api.hub.pool, run: { workflowId: `arrivals:${reference}`, runId: '' } } as Tools;
    const say = (id: string, amount: string, state: 'done' | 'undone') => {
      const reversal = { id: `${reference}-${id}`, kind: 'dispute', state, amount } as const;
      return bookReversals({ reference, connectionId, arrivals: [], reversals: [reversal] }, tools);
    };
    const left = async () => (await client.of.balance()).balance;
    // 33.33 × 0.9996 = 33.3166…, 66.66 × 0.9996 = 66.6333…
    await say('a', '33.33', 'done');
    expect(await left()).toBe('66.65');
    await say('b', '33.33', 'done');
    expect(await left()).toBe('33.33');
    await say('a', '33.33', 'undone');
    expect(await left()).toBe('66.64');
    await say('a', '33.33', 'done');
    await say('c', '33.35', 'done');
    expect(await left()).toBe('0');
    // The provider keeps less of one part after all, then all of it: 70.01 × 0.9996 = 69.9819…
    await say('c', '3.35', 'done');
    expect(await left()).toBe('29.98');
    await say('c', '33.35', 'done');
    expect(await left()).toBe('0');
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is owed in the currency of the account where the client has spent it', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await paid(client, '100');
    await post(api.hub.pool, `test:spent:${made.id}`, [
      { do: 'post', from: walletCode(client.wallet), to: 'house:income:USD', amount: '70' },
    ]);
    await api.hub.sandbox('b2binpay').advance(made.page, 'transfer:-1');
    await hasNews(made);
    await api.hub.reaches(made.id, 'returned');
    const { needs_human: why } = await api.hub.one<{ needs_human: string }>(
      `select needs_human from money_transaction where transaction_id = $1`,
      [made.id],
    );
    expect(why).toContain('took back 100 USDT');
    expect(why).toContain("70 USD of it the client's wallet did not cover");
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('paid late becomes a deposit of its own, at the rate of the day it came', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client, '100');
    await api.hub.sandbox('b2binpay').advance(made.page, 'expire');
    await api.hub.reaches(made.id, 'expired');
    await rates().advance('USDT/USD', '0.98 0.981');
    await api.hub.askRates('B2BINPAY');
    await api.hub.pool.query(
      `insert into payment_method_commission (method_id, type, currency, percent) values ($1, 'TR', 840, 1)`,
      [methodId],
    );
    await api.hub.sandbox('b2binpay').pay(made.page, {});
    await hasNews(made);
    const { id } = await eventually(
      async () =>
        (
          await api.hub.pool.query<{ id: number }>(
            `select transaction_id as id from money_transaction where parent_id = $1 and stage = 'review'`,
            [made.id],
          )
        ).rows[0],
      'the late payment',
    );
    await api.heard('b2binpay', `deposit:${id}`);
    const { id: request } = await api.hub.openRequest(id);
    await olga.call(`POST /applications/${request}/approve`, {});
    await api.hub.reaches(id, 'done');
    await api.hub.pool.query(`delete from payment_method_commission where method_id = $1`, [methodId]);
    expect(await shown(id)).toMatchObject({ finalAmount: '97.020000000000000000', exchange: { source: 'B2BINPAY' } });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('by bank is settled at the rate of its approval when that comes after the quote', async () => {
    const client = await api.clientWith('0', 'USD');
    const bank = await api.methodId('bank-transfer');
    await api.hub.askRates('European Central Bank');
    const { body } = await client.call('POST /my/deposits/sync', {
      accountId: client.wallet,
      methodId: bank,
      currencyCode: 978,
      amount: '100',
    });
    const id: number = body.data.transaction.transactionId;
    expect(body.data.transaction.exchange).toMatchObject({ isFixed: false, paidCurrencyCode: 978 });
    await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [id]);
    await rates().advance('EUR/USD', '1.1 1.2');
    await api.hub.askRates('B2BINPAY');
    const { id: request } = await api.hub.openRequest(id);
    await olga.call(`PATCH /applications/${request}`, { data: { amount: 80 } });
    const other = await api.operator();
    await other.call(`POST /applications/${request}/approve`, {
      evidence: { bankReference: `FX-${id}`, valueDate: '2026-01-31' },
    });
    await api.hub.reaches(id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '88', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('keeps the commission that an operator set, when the rate is quoted anew and when another amount came', async () => {
    const client = await api.clientWith('0', 'USD');
    const bank = await api.methodId('bank-transfer');
    await api.hub.pool.query(
      `insert into payment_method_commission (method_id, type, currency, percent) values ($1, 'TR', 840, 2)`,
      [bank],
    );
    await api.hub.askRates('European Central Bank');
    const entered = async (vendorCommission?: string): Promise<number> => {
      const body = { accountId: client.wallet, methodId: bank, currencyCode: 978, amount: 100, vendorCommission };
      const { status, body: made } = await olga.call('POST /deposits', body);
      expect({ status, made }).toMatchObject({ status: 201 });
      return made.transactionId;
    };
    const [free, cheap, ordinary] = [await entered('0'), await entered('1.5'), await entered()];
    await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id <> $1`, [cheap]);
    await rates().advance('EUR/USD', '1.1 1.2');
    await api.hub.askRates('B2BINPAY');
    const other = await api.operator();
    const third = await api.operator();
    for (const id of [free, cheap, ordinary]) {
      const { id: request } = await api.hub.openRequest(id);
      if (id === cheap) await other.call(`PATCH /applications/${request}`, { data: { amount: 50 } });
      const evidence = { bankReference: `SET-${id}`, valueDate: '2026-01-31' };
      expect((await third.call(`POST /applications/${request}/approve`, { evidence })).status).toBe(200);
      await api.hub.reaches(id, 'done');
    }
    await api.hub.pool.query(`delete from payment_method_commission where method_id = $1`, [bank]);
    expect(await shown(free)).toMatchObject({ vendorCommission: '0.000000000000000000' });
    expect(await shown(cheap)).toMatchObject({ vendorCommission: '1.500000000000000000' });
    expect(await shown(ordinary)).toMatchObject({ vendorCommission: '2.200000000000000000' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is quoted for a quarter of an hour, also by a process whose clock is wrong', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client, '100');
    const hourAgo = Date.now() - 3_600_000;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(hourAgo);
    try {
      const payer = { numericCode: USDT, alphabeticCode: 'USDT', minorUnit: 6 };
      const account = { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 };
      await noteQuote(api.hub.pool, made.id, await quoteExchange(api.hub.pool, '100', payer, account));
    } finally {
      clock.mockRestore();
    }
    const { left } = await api.hub.one<{ left: string }>(
      `select extract(minutes from expires_at - now())::text as left from transaction_exchange where transaction_id = $1`,
      [made.id],
    );
    expect(left).toBe('14');
  });

  it('counts against the limit of the level in the currency of the account, and needs the stricter approval of both', async () => {
    const client = await api.clientWith('0', 'USD');
    await api.hub.pool.query(
      `insert into approval_policy (name, kind, currency, min_amount, approvals, priority) values ('fx', 'deposit', 840, 90, 1, -1)`,
    );
    await api.hub.pool.query(
      `update verification_level set limits = '{"deposit": {"amount": "150", "currencyCode": 840, "period": "1 day"}}'`,
    );
    const made = await ordered(client, '100');
    const second = await order(client, '60');
    await api.hub.sandbox('b2binpay').pay(made.page, {});
    await api.hub.reaches(made.id, 'awaiting_approval');
    await api.hub.pool.query(`delete from approval_policy where name = 'fx'`);
    await api.hub.pool.query(`update verification_level set limits = '{}'`);
    expect([second.status, second.body.error.details[0].reason]).toEqual([400, 'limit_exceeded']);
  });
});

describe('a payout in another currency than the account', () => {
  let payoutMethod: number;
  beforeAll(async () => {
    payoutMethod = await api.methodId('usdt-payout');
    await api.hub.pool.query(
      `insert into payment_method_currency (method_id, type, currency, min, max) values ($1, 'TR', 840, 5, 5000)`,
      [payoutMethod],
    );
    await api.hub.pool.query(
      `insert into payment_method_commission (method_id, type, currency, fix) values ($1, 'TR', 840, 1)`,
      [payoutMethod],
    );
  });

  const withdraw = (client: Client, amount: string, over: object = {}) =>
    client.call('POST /my/withdrawals', {
      accountId: client.wallet,
      methodId: payoutMethod,
      currencyCode: USDT,
      amount,
      data: { address: 'TXYZtestaddress0000000000000000001' },
      ...over,
    });
  const books = () => api.hub.sandbox('b2binpay').books();
  const approve = async (id: number) => {
    const { id: request } = await api.hub.openRequest(id);
    expect((await olga.call(`POST /applications/${request}/approve`, {})).status).toBe(200);
  };

  it('holds what leaves the account, sends what that makes, and books both', async () => {
    const client = await api.clientWith('100', 'USD');
    const preview = (await withdraw(client, '51', { isPretend: true })).body.data;
    // One dollar buys 1 / 1.0001 Tether; 50 are changed, 1 is the commission.
    expect(preview).toMatchObject({
      rate: '0.999900009999000099',
      commission: '1.000000000000000000',
      sourceCurrencyAlphaCode: 'USD',
      destinationCurrencyAlphaCode: 'USDT',
      destinationCurrencyAmount: '49.995000000000000000',
    });
    const { usdt, usd } = await change(async () => {
      const { body } = await withdraw(client, '51');
      const { transactionId: id } = body.data.transaction;
      expect(await client.of.balance()).toEqual({ balance: '100', held: '51' });
      const { id: request } = await api.hub.openRequest(id);
      expect((await olga.call(`GET /applications/${request}`)).body.data).toMatchObject({
        amount: '51',
        exchange: { amount: '49.995000000000000000', currencyCode: USDT },
      });
      await approve(id);
      await api.hub.reaches(id, 'done');
      const { reference } = await api.hub.one<{ reference: string }>(
        `select reference from money_transaction where transaction_id = $1`,
        [id],
      );
      expect(books().filter((one) => one.reference === reference)).toMatchObject([{ amount: '49.995' }]);
      expect(await shown(id)).toMatchObject({
        debitDetails: { amount: '51.000000000000000000', currency: { alphabeticCode: 'USD' } },
        finalAmount: '49.995000000000000000',
        finalCurrency: { alphabeticCode: 'USDT' },
        exchange: { isFixed: true, receivedAmount: '49.995000000000000000' },
      });
    });
    expect(await client.of.balance()).toEqual({ balance: '49', held: '0' });
    expect([usdt, usd]).toEqual([-49.995, 50]);
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is sent at the rate of its sending when it was approved too late, and waits while there is none', async () => {
    const client = await api.clientWith('100', 'USD');
    const id: number = (await withdraw(client, '51')).body.data.transaction.transactionId;
    await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [id]);
    await api.hub.pool.query(`delete from rate`);
    await approve(id);
    await eventually(
      async () =>
        (
          await api.hub.one<{ why: string | null }>(
            `select needs_human as why from money_transaction where transaction_id = $1`,
            [id],
          )
        ).why?.startsWith('There is no rate for USD/USDT'),
      'a person to be told',
    );
    expect(await client.of.balance()).toEqual({ balance: '100', held: '51' });
    await rates().advance('USDT/USD', '1.24 1.25');
    await api.hub.askRates('B2BINPAY');
    await api.hub.reaches(id, 'done');
    expect(await shown(id)).toMatchObject({ finalAmount: '40.000000000000000000' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('that is worth more when it is sent than when it was approved is approved again, as the policy says for that', async () => {
    await api.hub.pool.query(
      `insert into approval_policy (name, kind, currency, min_amount, approvals, priority) values ('fx', 'withdrawal', $1, 60, 2, -1)`,
      [USDT],
    );
    const client = await api.clientWith('100', 'USD');
    const id: number = (await withdraw(client, '51')).body.data.transaction.transactionId;
    const { id: first } = await api.hub.openRequest(id);
    await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [id]);
    await api.hub.pool.query(`delete from rate`);
    await rates().advance('USDT/USD', '0.79 0.8');
    await api.hub.askRates('B2BINPAY');
    await approve(id);
    const again = await eventually(
      async () =>
        (
          await api.hub.pool.query<{ id: number; needed: number }>(
            `select id, approvals_needed as needed from application where transaction_id = $1 and status_id = 0 and id <> $2`,
            [id, first],
          )
        ).rows[0],
      'the second approval to be asked for',
    );
    await api.hub.pool.query(`delete from approval_policy where name = 'fx'`);
    expect(again.needed).toBe(2);
    expect((await shown(id)).exchange).toMatchObject({ isFixed: true, receivedAmount: '62.500000000000000000' });
    expect(await client.of.balance()).toEqual({ balance: '100', held: '51' });
    for (const by of [olga, await api.operator()])
      expect((await by.call(`POST /applications/${again.id}/approve`, {})).status).toBe(200);
    await api.hub.reaches(id, 'done');
    expect(await shown(id)).toMatchObject({ finalAmount: '62.500000000000000000' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('can be cancelled while it waits for a rate', async () => {
    const client = await api.clientWith('100', 'USD');
    const id: number = (await withdraw(client, '51')).body.data.transaction.transactionId;
    await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [id]);
    await api.hub.pool.query(`delete from rate`);
    await approve(id);
    expect((await client.call(`POST /my/transactions/${id}/cancel`)).status).toBe(200);
    await api.hub.reaches(id, 'cancelled');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('that came back is worth what the client was charged for it', async () => {
    const client = await api.clientWith('100', 'USD');
    const id: number = (await withdraw(client, '51')).body.data.transaction.transactionId;
    await approve(id);
    await api.hub.reaches(id, 'done');
    await api.hub.sandbox('b2binpay').advance(await api.hub.providerId(id), 'return');
    const { connection: connectionId } = await api.hub.methodId('usdt-payout');
    await api.hub.steering.payoutReturn({ transactionId: id, connectionId, webhookId: '1', said: 'back' });
    await api.hub.reaches(id, 'returned');
    expect(await client.of.balance()).toEqual({ balance: '99', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });
});

describe('an order in another currency is refused, and nothing is stored', () => {
  const refused = async (
    client: Client,
    amount: string,
    over: object,
    status: number,
    reason: string,
    field: string,
  ) => {
    const before = await api.count('money_transaction');
    const answer = await order(client, amount, over);
    expect([answer.status, answer.body.error.details[0]]).toEqual([status, expect.objectContaining({ reason, field })]);
    expect(await api.count('money_transaction')).toBe(before);
    return answer;
  };

  it('when there is no rate, a stale one, or one that jumped', async () => {
    const client = await api.clientWith('0', 'USD');
    await api.hub.pool.query(`update rate_source set max_age_seconds = 1`);
    await api.hub.pool.query(`update rate set source_time = source_time - interval '1 minute'`);
    const stale = await refused(client, '100', {}, 503, 'rate_unavailable', 'currencyCode');
    expect(stale.headers.get('retry-after')).toBe('60');
    await refused(client, '100', { isPretend: true }, 503, 'rate_unavailable', 'currencyCode');
    await api.hub.pool.query(`delete from rate`);
    await refused(client, '100', {}, 503, 'rate_unavailable', 'currencyCode');
  });

  it('by the method, its limits on both sides, the digits of the currency, and a pair that was closed', async () => {
    const client = await api.clientWith('0', 'USD');
    await refused(client, '100', { currencyCode: 978 }, 400, 'currency_mismatch', 'currencyCode');
    await refused(client, '100', { currencyCode: 999 }, 404, 'not_found', 'currencyCode');
    await refused(client, '0.5', {}, 400, 'amount_too_small', 'amount'); // of Tether, 1 at least
    await refused(client, '4', {}, 400, 'amount_too_small', 'amount'); // of dollars, 5 at least
    await refused(client, '6000', {}, 400, 'amount_too_big', 'amount');
    await refused(client, '10.0000001', {}, 400, 'too_many_decimals', 'amount');
    await api.hub.pool.query(
      `insert into currency_pair (from_currency, to_currency, is_enabled) values (840, $1, false)`,
      [USDT],
    );
    await refused(client, '100', {}, 403, 'restricted', 'currencyCode');
    await api.hub.pool.query(`delete from currency_pair`);
  });
});
