/** `minDepositAmount` of a product: what a client first brings to an account of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';

const USD = 840;
let api: MoneyApi;
let olga: Caller;
let ann: Awaited<ReturnType<MoneyApi['clientWith']>>;
let trading: number;
let product: number;
let wallets: number;

beforeAll(async () => {
  api = await MoneyApi.start({}, ['paper']);
  olga = await api.operator();
  product = await api.hub.tradingProduct('paper', ['paper-usd']);
  wallets = (
    await api.hub.one<{ id: number }>(
      `select pc.id from product_currency pc join product p on p.id = pc.product_id where p.name = 'wallet' and pc.currency = 840`,
    )
  ).id;
});
afterAll(() => api?.stop());

const wants = async (id: number, minDepositAmount: string) => {
  const { product_id: productId } = await api.hub.one<{ product_id: number }>(
    `select product_id from product_currency where id = $1`,
    [id],
  );
  const { status } = await olga.call(`PATCH /products/${productId}/currencies/${id}`, { minDepositAmount });
  expect(status).toBe(200);
};
beforeEach(async () => {
  await wants(product, '100');
  await wants(wallets, '0');
  ann = await api.clientWith('500', 'USD');
  trading = (await ann.call('POST /my/accounts', { productCurrencyId: product })).body.accountId;
});

const transfer = (amount: string, from = ann.wallet, to = trading) =>
  ann.call('POST /my/transfers', {
    ...{ amount, sourceAccountId: from, destinationAccountId: to, isInternal: false },
  });
const deposit = async (amount: number, more: object = {}) =>
  ann.call('POST /my/deposits', {
    ...{ accountId: ann.wallet, methodId: await api.methodId('bank-transfer'), amount },
    ...{ currencyCode: USD, ...more },
  });
const tooSmall = (least: string) => ({
  status: 400,
  body: {
    error: {
      details: [
        {
          ...{ reason: 'amount_too_small', field: 'amount' },
          issue: `The first deposit into this account is ${least} at least.`,
        },
      ],
    },
  },
});
const ordered = async () => (await ann.call('GET /my/transactions')).body.total;

describe('the first deposit', () => {
  it('into a trading account is as much as its product wants; what follows is any amount', async () => {
    expect((await ann.call(`GET /my/accounts/${trading}`)).body.productCurrency.minDepositAmount).toBe(
      '100.000000000000000000',
    );
    expect(await transfer('99.99')).toMatchObject(tooSmall('100'));
    expect(await ordered()).toBe(0);
    const { status, body } = await transfer('100');
    expect(status).toBe(201);
    await api.hub.reaches(body.transactionId, 'done');
    expect((await transfer('0.01')).status).toBe(201);
  });

  it('is not made by one that may never come', async () => {
    await wants(wallets, '50');
    const { status, body } = await deposit(50);
    expect(status).toBe(201);
    await api.hub.reaches(body.data.transactionId, 'awaiting_approval');
    expect(await deposit(49)).toMatchObject(tooSmall('50'));
  });

  it('is the broker’s to enter as he likes, and counts', async () => {
    const { status, body } = await olga.call('POST /transfers', {
      ...{ clientId: ann.id, sourceId: ann.wallet, destinationId: trading, amount: '5' },
    });
    expect([status, body]).toEqual([201, expect.anything()]);
    await api.hub.reaches(body.transactionId, 'done');
    const more = await transfer('1');
    expect(more.status).toBe(201);
    await api.hub.reaches(more.body.transactionId, 'done');
  });

  it('into a wallet is what its product wants, previews included; money comes back to one in any amount', async () => {
    await wants(wallets, '50');
    expect(await deposit(49)).toMatchObject(tooSmall('50'));
    expect(await deposit(49, { isPretend: true })).toMatchObject(tooSmall('50'));
    expect((await deposit(50, { isPretend: true })).status).toBe(201);
    const paidIn = await transfer('100');
    await api.hub.reaches(paidIn.body.transactionId, 'done');
    expect((await transfer('10', trading, ann.wallet)).status).toBe(201);
    expect((await deposit(50)).status).toBe(201);
  });
});
