import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';

// Deposits in Tether to a wallet in dollars that are paid in several parts. B2BINPAY's sandbox pays 0.9996 dollars for one.

let api: MoneyApi;
let olga: Caller;
let methodId: number;
const USDT = 2145;

beforeAll(async () => {
  api = await MoneyApi.start({}, ['b2binpay-rates']);
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
  api.hub.sandbox('b2binpay-rates').reset();
  await api.hub.pool.query(`delete from rate`);
  await api.hub.askRates('B2BINPAY');
});

type Client = Awaited<ReturnType<MoneyApi['clientWith']>>;

const ordered = async (client: Client, amount = '100') => {
  const { body } = await client.call('POST /my/deposits/sync', {
    accountId: client.wallet,
    methodId,
    currencyCode: USDT,
    amount,
  });
  const id: number = body.data.transaction.transactionId;
  const page = await api.hub.providerId(id);
  return { id, pay: (part: string) => api.hub.sandbox('b2binpay').pay(page, { amount: part }), page };
};
const reviewed = async (id: number, amount: string): Promise<number> => {
  const open = async () => {
    const { rows } = await api.hub.pool.query<{ id: number }>(
      `select id from application where transaction_id = $1 and status_id = 0 and data ->> 'amount' = $2`,
      [id, amount],
    );
    return rows[0]?.id;
  };
  const request = await eventually(open, `to be asked about ${amount}`);
  await api.heard('b2binpay', `deposit:${id}`);
  return request;
};
const approve = async (request: number) =>
  expect((await olga.call(`POST /applications/${request}/approve`, {})).status).toBe(200);
/** The quote is over, and the market has moved. */
const later = async (id: number) => {
  await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [id]);
  await falls();
};
const falls = async () => {
  await api.hub.sandbox('b2binpay-rates').advance('USDT/USD', '0.98 0.981');
  await api.hub.askRates('B2BINPAY');
};
const ownDeposit = (parent: number): Promise<number> =>
  eventually(async () => {
    const { rows } = await api.hub.pool.query<{ id: number }>(
      `select transaction_id as id from money_transaction where parent_id = $1`,
      [parent],
    );
    return rows[0]?.id;
  }, 'the later part as a deposit of its own');
const shown = async (id: number) => (await olga.call(`GET /transactions/${id}`)).body;

describe('a deposit in another currency that is paid in parts', () => {
  it('has the quoted rate for all that comes while the quote stands', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client);
    await made.pay('60');
    await reviewed(made.id, '60');
    await falls();
    await made.pay('40');
    await api.hub.reaches(made.id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '99.96', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('has its rate for the parts of then only: what comes after the quote is a deposit of its own, at the rate of its day', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client);
    await made.pay('1');
    await reviewed(made.id, '1');
    await later(made.id);
    await made.pay('99');
    await api.hub.reaches(made.id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '0.99', held: '0' });
    const rest = await ownDeposit(made.id);
    await approve(await reviewed(rest, '99'));
    await api.hub.reaches(rest, 'done');
    // 99 × 0.98
    expect(await shown(rest)).toMatchObject({ finalAmount: '97.020000000000000000' });
    expect(await client.of.balance()).toEqual({ balance: '98.01', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('asks about the parts that have its rate, and says that there are others', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client);
    await made.pay('10');
    const first = await reviewed(made.id, '10');
    await later(made.id);
    await made.pay('50');
    const why = await eventually(async () => {
      const { rows } = await api.hub.pool.query<{ why: string }>(
        `select data ->> 'why' as why from application where id = $1 and status_id = 0 and data ->> 'why' like '%60%'`,
        [first],
      );
      return rows[0]?.why;
    }, 'to be asked anew');
    expect(why).toBe(
      'partly paid: 60 of 100. Of that 10 came while its rate stood; what came later becomes a deposit of its own.',
    );
    await approve(await reviewed(made.id, '10'));
    await api.hub.reaches(made.id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '9.99', held: '0' });
    await approve(await reviewed(await ownDeposit(made.id), '50'));
    await api.hub.reaches(await ownDeposit(made.id), 'done');
    expect(await client.of.balance()).toEqual({ balance: '58.99', held: '0' });
  });

  it('is not credited with a later payment in place of one that failed', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client);
    await made.pay('1');
    await reviewed(made.id, '1');
    await later(made.id);
    await api.hub.sandbox('b2binpay').advance(made.page, 'transfer:-1');
    await made.pay('100');
    await api.hub.reaches(made.id, 'failed');
    const rest = await ownDeposit(made.id);
    await approve(await reviewed(rest, '100'));
    await api.hub.reaches(rest, 'done');
    expect(await client.of.balance()).toEqual({ balance: '98', held: '0' });
  });

  it('keeps its rate for the same parts when another run goes on with it', async () => {
    const client = await api.clientWith('0', 'USD');
    const made = await ordered(client);
    await made.pay('1');
    await reviewed(made.id, '1');
    await api.hub.handle(`deposit:${made.id}`).terminate('by hand');
    await later(made.id);
    await made.pay('99');
    expect((await olga.call(`POST /transactions/${made.id}/resume`, {})).status).toBe(200);
    await api.hub.reaches(made.id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '0.99', held: '0' });
    await approve(await reviewed(await ownDeposit(made.id), '99'));
    await api.hub.reaches(await ownDeposit(made.id), 'done');
    expect(await client.of.balance()).toEqual({ balance: '98.01', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });
});
