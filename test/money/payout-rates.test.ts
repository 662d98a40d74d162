import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';

// Payouts out of a wallet in dollars: through a cashier in euros, by B2BINPAY in Tether.

const EUR = 978;
const USDT = 2145;

let api: MoneyApi;
let olga: Caller;
let cashier: number;
let crypto: number;
const praxis = () => api.hub.sandbox('praxis');
const b2binpay = () => api.hub.sandbox('b2binpay');

beforeAll(async () => {
  api = await MoneyApi.start({ fixedRateStands: 3_000 }, ['praxis', 'ecb', 'b2binpay-rates']);
  olga = await api.operator();
  crypto = await api.methodId('usdt-payout');
  await api.hub.pool.query(
    `with made as (
       insert into payment_method (direction, name, caption, provider, connection_id, flow)
       select 'withdrawal', 'cashier', 'Cashier', provider, id, 'send' from connection where name = 'praxis' returning id)
     insert into payment_method_currency (method_id, type, currency, min, caption)
     select id, 'TR', 840, 1, 'US Dollar' from made union all select id, 'PS', 978, 1, 'Euro' from made`,
  );
  cashier = await api.methodId('cashier');
  await api.hub.pool.query(
    `insert into payment_method_currency (method_id, type, currency, min, max) values ($1, 'TR', 840, 5, 5000)`,
    [crypto],
  );
});
afterAll(() => api?.stop());
beforeEach(async () => {
  praxis().reset();
  b2binpay().faults.clear();
  api.hub.sandbox('b2binpay-rates').reset();
  await api.hub.pool.query(`delete from rate`);
  await api.hub.askRates('European Central Bank');
  await api.hub.askRates('B2BINPAY');
});

type Client = Awaited<ReturnType<MoneyApi['clientWith']>>;

const ordered = async (client: Client, methodId: number, currencyCode: number, amount = '50'): Promise<number> => {
  const data = methodId === crypto ? { address: 'TXYZtestaddress0000000000000000001' } : {};
  const order = { accountId: client.wallet, methodId, currencyCode, amount, data };
  const { status, body } = await client.call('POST /my/withdrawals', order);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body.data.transaction.transactionId;
};
const approve = async (id: number) => {
  const { id: request } = await api.hub.openRequest(id);
  expect(await olga.call(`POST /applications/${request}/approve`, {})).toMatchObject({ status: 200 });
};
const isRefused = async (client: Client, id: number) =>
  expect(await client.call(`POST /my/transactions/${id}/cancel`)).toMatchObject({
    status: 403,
    body: { error: { details: [{ reason: 'restricted', issue: 'Its rate is fixed: ask your broker to stop it.' }] } },
  });
/** The quote is over, and a dollar buys so much. */
const quoteIsOver = async (id: number, pair: string, prices: string) => {
  await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [id]);
  await api.hub.pool.query(`delete from rate`);
  await api.hub.sandbox('b2binpay-rates').advance(pair, prices);
  await api.hub.askRates('B2BINPAY');
};

describe('a payout whose rate is fixed', () => {
  it('is not for its client to cancel once he has said at the cashier where to, however long people look at it', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, cashier, EUR);
    await api.hub.reaches(id, 'awaiting_approval');
    await isRefused(client, id);
    expect(await client.of.balance()).toEqual({ balance: '100', held: '50' });
    await approve(id);
    await api.hub.reaches(id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '50', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('can be stopped by the broker, and is taken back at the cashier', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, cashier, EUR);
    await api.hub.reaches(id, 'awaiting_approval');
    expect(await olga.call(`POST /transactions/${id}/cancel`)).toMatchObject({ status: 200 });
    await api.hub.reaches(id, 'cancelled');
    expect(praxis().vendor.things!()).toMatchObject([{ state: 'cancelled' }]);
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('can be cancelled by its client while he has not said where to, and waits no longer for him than a quote stands', async () => {
    await praxis().advance('settings', '{"clientSubmits":false}');
    const client = await api.clientWith('100', 'USD');
    const cancelled = await ordered(client, cashier, EUR);
    expect(await client.call(`POST /my/transactions/${cancelled}/cancel`)).toMatchObject({ status: 200 });
    await api.hub.reaches(cancelled, 'cancelled');
    await api.hub.reaches(await ordered(client, cashier, EUR), 'expired');
    expect(praxis().books()).toEqual([]);
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('is not for its client to cancel between two attempts to send it', async () => {
    b2binpay().fault({
      match: { method: 'POST', path: '/payout/', body: '"type":"payout"' },
      kind: 'http_429',
      times: 1_000,
    });
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, crypto, USDT);
    await approve(id);
    const tried = () => b2binpay().received.some(({ method, url }) => method === 'POST' && url.startsWith('/payout/'));
    await eventually(async () => tried(), 'the first attempt');
    const waits = async () => {
      const { status } = await client.call(`POST /my/transactions/${id}/cancel`);
      expect([403, 409]).toContain(status);
      return status === 403;
    };
    await eventually(waits, 'it to wait for another attempt');
    b2binpay().faults.clear();
    await api.hub.reaches(id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '50', held: '0' });
  });
});

describe('a payout whose quote is over before it is approved', () => {
  it.each([
    ['less than the method pays out', '99 100', /makes 0\.5 USDT\. The smallest amount is 1\./],
    ['nothing', '99999999 100000000', /makes nothing in USDT/],
  ])('is not sent when it makes %s by then', async (_, prices, why) => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, crypto, USDT);
    await quoteIsOver(id, 'USDT/USD', prices);
    await approve(id);
    await api.hub.reaches(id, 'failed');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
    const { why: said, reference } = await api.hub.one<{ why: string; reference: string }>(
      `select coalesce(why, resolution) as why, reference from money_transaction where transaction_id = $1`,
      [id],
    );
    expect(said).toMatch(why);
    expect(
      b2binpay()
        .books()
        .filter((one) => one.reference === reference),
    ).toEqual([]);
  });
});
