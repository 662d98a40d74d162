import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let olga: Caller;
let ann: Caller;

const groups = ['real\\forex-usd', 'demo\\forex-usd'];

beforeAll(async () => {
  api = await MoneyApi.start();
  olga = await api.operator();
  ann = await api.clientWith('0', 'USD');
});
afterAll(() => api?.stop());

const connectionId = async (name: string): Promise<number> =>
  (await api.hub.one<{ id: number }>(`select id from connection where name = $1`, [name])).id;
const make = async (path: string, body: object): Promise<any> => {
  const answer = await olga.call(`POST ${path}`, body);
  expect([path, answer.status, answer.body]).toEqual([path, 201, expect.anything()]);
  return answer.body;
};
const product = async (name: string, more: object = {}) => {
  const platform = await make('/platforms', {
    name,
    caption: 'Second server',
    shortCaption: 'MT5',
    type: 'MetaTrader5',
    connectionId: await connectionId('mt5'),
  });
  return make('/products', { name, caption: name, type: 'trade', platformId: platform.id, ...more });
};

describe('a product', () => {
  it('that an operator makes is what clients open accounts from', async () => {
    const group = await make('/products/groups', { caption: 'Pro', priority: 3 });
    const made = await product('pro', { groupId: group.id });
    expect(made).toMatchObject({
      status: 'disabled',
      group: { name: 'Pro' },
      platform: { class: 'MetaTrader5', shortCaption: 'MT5' },
    });
    const currency = await make(`/products/${made.id}/currencies`, {
      currencyCode: 840,
      caption: 'Pro USD',
      variants: { leverages: ['50', '100'] },
      platformGroups: groups,
      permissions: ['enabled', 'trade', 'visible'],
      minDepositAmount: '100',
    });
    expect(currency).toMatchObject({
      product: { id: made.id },
      currency: { numericCode: 840 },
      variants: { leverages: ['50', '100'], startAmounts: [] },
      platformGroups: groups,
      minDepositAmount: '100.000000000000000000',
      isEnabled: true,
    });

    const offered = async () =>
      (await ann.call('GET /my/products/currencies?filter[alphabeticCode]=USD')).body.data.map(({ id }: any) => id);
    expect(await offered()).not.toContain(currency.id);
    expect((await ann.call('POST /my/accounts', { productCurrencyId: currency.id })).status).toBe(403);
    expect((await olga.call(`PATCH /products/${made.id}`, { status: 'enabled' })).body.status).toBe('enabled');
    expect(await offered()).toContain(currency.id);

    const account = await ann.call('POST /my/accounts', { productCurrencyId: currency.id });
    expect([account.status, account.body.leverage]).toEqual([201, 50]);
    const order = { clientId: ann.id, productId: made.id, currencyCode: 840, leverage: 100, platformGroup: groups[1] };
    const second = await make('/accounts', order);
    expect((await olga.call(`GET /accounts/${second.accountId}/preferences`)).body).toMatchObject({
      leverage: 100,
      leverages: ['50', '100'],
      platformGroup: groups[1],
      platformGroups: groups,
    });
    const moved = await olga.call(`PATCH /accounts/${second.accountId}/preferences`, { platformGroup: groups[0] });
    expect([moved.status, moved.body.platformGroup]).toEqual([200, groups[0]]);
    const nowhere = await olga.call('POST /accounts', { ...order, platformGroup: 'real\\forex-eur' });
    expect([nowhere.status, nowhere.body.error.details[0].field]).toEqual([400, 'platformGroup']);
  });

  it('on which accounts were opened stays where it is', async () => {
    const { id, name } = (await olga.call('GET /products?filter[name]=pro')).body.data[0];
    expect(name).toBe('pro');
    const { platform } = (await olga.call(`GET /products/${id}`)).body;
    const [currency] = (await olga.call(`GET /products/${id}/currencies`)).body.data;
    const refusals = [
      await olga.call(`PATCH /products/${id}`, { platformId: 1 }),
      await olga.call(`PATCH /products/${id}`, { type: 'demo' }),
      await olga.call(`PATCH /platforms/${platform.id}`, { connectionId: await connectionId('b2binpay') }),
      await olga.call(`PATCH /platforms/${platform.id}`, { type: 'MetaTrader4' }),
      await olga.call(`PATCH /products/${id}/currencies/${currency.id}`, { currencyCode: 978 }),
      await olga.call(`DELETE /products/${id}/currencies/${currency.id}`),
      await olga.call(`DELETE /products/${id}`),
      await olga.call(`DELETE /platforms/${platform.id}`),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([409, 409, 409, 409, 409, 400, 400, 400]);
    expect(
      (
        await olga.call(`PATCH /products/${id}/currencies/${currency.id}`, {
          caption: 'New',
          variants: { leverages: ['500'] },
        })
      ).body,
    ).toMatchObject({
      caption: 'New',
      variants: { leverages: ['500'] },
      platformGroups: groups,
    });
  });

  it.each([
    ['/platforms', { name: 'a b', caption: 'x', type: 'wrapper' }, 'name'],
    ['/platforms', { name: 'x', caption: 'x', type: 'MT6' }, 'type'],
    ['/platforms', { name: 'x', caption: 'x', type: 'MetaTrader5' }, 'connectionId'],
    ['/platforms', { name: 'x', caption: 'x', type: 'MetaTrader5', connectionId: 1_000_000 }, 'connectionId'],
    ['/platforms', { name: 'ew', caption: 'x', type: 'personal' }, 'name'],
    ['/products', { name: 'x', caption: 'x', type: 'trade', platformId: 1_000_000 }, 'platformId'],
    ['/products', { name: 'x', caption: 'x', type: 'toy', platformId: 1 }, 'type'],
    ['/products', { name: 'wallet', caption: 'x', type: 'trade', platformId: 1 }, 'name'],
    ['/products/groups', { caption: '' }, 'caption'],
    ['/products/1/currencies', { currencyCode: 999, caption: 'x' }, 'currencyCode'],
    ['/products/1/currencies', { currencyCode: 840, caption: 'x' }, 'currency'],
    [
      '/products/1/currencies',
      { currencyCode: 392, caption: 'x', variants: { leverages: ['1:100'] } },
      'variants.leverages.0',
    ],
    ['/products/1/currencies', { currencyCode: 392, caption: 'x', factory: 10 }, 'factory'],
    ['/products/1/currencies', { currencyCode: 392, caption: 'x', permissions: ['fly'] }, 'permissions.0'],
    ['/products/1/currencies', { currencyCode: 392, caption: 'x', minDepositAmount: '-1' }, 'minDepositAmount'],
  ])('or part of one that cannot be right is refused: POST %s %j', async (path, body, field) => {
    const { status, body: answer } = await olga.call(`POST ${path}`, body);
    expect([status < 500, status >= 400, answer.error.details[0].field]).toEqual([true, true, field]);
  });

  it('is for operators with the right', async () => {
    const reader = await api.operator(['products.read']);
    expect((await reader.call('GET /products')).status).toBe(200);
    expect((await reader.call('GET /platforms')).status).toBe(403);
    expect((await reader.call('POST /products/groups', { caption: 'x' })).status).toBe(403);
    expect((await ann.call('GET /products')).status).toBe(403);
    expect((await olga.call('GET /products/1000000/currencies')).status).toBe(404);
  });
});

describe('the catalogue of a client', () => {
  it('shows groups and platforms that work', async () => {
    expect((await ann.call('GET /my/products/groups?filter[type]=payment')).body.data).toMatchObject([
      { caption: 'Wallets' },
    ]);
    const names = async () => (await ann.call('GET /my/platforms')).body.data.map(({ name }: any) => name);
    expect(await names()).toContain('MT5Live');
    await api.hub.pool.query(`update connection set enabled = false where name = 'mt5'`);
    expect(await names()).toEqual(['ew']);
    expect(
      (await ann.call('GET /my/products/currencies')).body.data.every(
        ({ product }: any) => product.type === 'personal',
      ),
    ).toBe(true);
    await api.hub.pool.query(`update connection set enabled = true where name = 'mt5'`);
  });
});
