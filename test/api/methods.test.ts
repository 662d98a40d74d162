import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, startTestApi, type TestApi } from '../kit/api-client.ts';

let api: TestApi;
let olga: Caller;
let client: Caller;
let bank: number;
let crypto: number;
let mt5: number;
const call: Caller['call'] = (route, body) => olga.call(route.replace(' /', ' /api/v2/'), body);
const mine = async (path: string) => (await client.call(`GET /api/v2/my/${path}`)).body;

const connection = async (name: string, provider: string, settings: object): Promise<number> =>
  (await call('POST /connections', { name, provider, settings })).body.id;

beforeAll(async () => {
  api = await startTestApi();
  olga = await api.operator();
  client = await api.client();
  bank = await connection('bank', 'manual', { bankAccount: 'IBAN DE02 1203' });
  crypto = await connection('pay', 'b2binpay', {
    clientId: 'id',
    clientSecret: 'secret',
    callbackSecret: 'secret',
    walletId: '1',
    walletType: 'merchant',
    walletCurrency: '2145',
  });
  mt5 = await connection('mt5', 'mt5', {
    url: 'http://127.0.0.1:1',
    managerLogin: '1',
    managerPassword: 'secret',
  });
});
afterAll(() => api?.stop());

describe('a deposit method', () => {
  it('is made with its first currency, says what is missing, and is seen by clients when it is complete', async () => {
    const group = (await call('POST /deposits/groups', { name: 'fiat', caption: 'Fiat', priority: 1 })).body;
    expect(group).toMatchObject({ name: 'fiat', resources: [], updateTime: null });
    const made = await call('POST /deposits/methods', {
      name: 'wire',
      caption: 'Wire',
      provider: 'manual',
      currencyCode: 840,
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      provider: 'manual',
      connectionId: bank,
      flow: 'manual',
      enabled: true,
      tradersRoomCurrencies: [{ type: 'TR', currency: { alphabeticCode: 'USD' }, isSupported: true }],
      paymentSystemCurrencies: [{ type: 'PS', currency: { numericCode: 840 } }],
      missing: ['No instruction tells the client where to pay.', 'It is in no group.'],
    });
    const { id } = made.body;
    const complete = await call(`PATCH /deposits/methods/${id}`, { instruction: '<p>Pay</p>', groupIds: [group.id] });
    expect(complete.body).toMatchObject({ missing: [], groups: [{ id: group.id, name: 'fiat' }], flow: 'manual' });
    expect((await mine(`deposits/methods/${id}`)).caption).toBe('Wire');
    expect((await call(`GET /deposits/methods?filter[groupId]=${group.id}&filter[provider]=manual`)).body.total).toBe(
      1,
    );
    expect((await call('GET /deposits/methods?filter[tradersRoomCurrencyNumericCode]=978')).body.total).toBe(0);

    await call(`PATCH /connections/${bank}`, { enabled: false });
    expect((await call(`GET /deposits/methods/${id}`)).body.missing).toEqual(['The connection bank is switched off.']);
    expect((await client.call(`GET /api/v2/my/deposits/methods/${id}`)).status).toBe(404);
    await call(`PATCH /connections/${bank}`, { enabled: true });
    expect((await call(`GET /withdrawals/methods/${id}`)).status).toBe(404);
    expect((await call(`DELETE /deposits/groups/${group.id}`)).status).toBe(400);
    expect((await call(`DELETE /deposits/methods/${id}`)).status).toBe(204);
    expect((await call(`DELETE /deposits/groups/${group.id}`)).status).toBe(204);
  });

  it.each([
    ['without a connection', {}, 'connectionId'],
    ['with an unknown one', { connectionId: 999_999 }, 'connectionId'],
    ['of a provider without one', { provider: 'nobody' }, 'provider'],
    ['of a platform', () => ({ connectionId: mt5 }), 'connectionId'],
    ['asked as the provider cannot be asked', () => ({ connectionId: crypto, flow: 'manual' }), 'flow'],
    ['asked to pay out', () => ({ connectionId: crypto, flow: 'send' }), 'flow'],
    ['in a currency that does not exist', () => ({ connectionId: crypto, currencyCode: 1 }), 'currencyCode'],
    ['in no currency', () => ({ connectionId: crypto, currencyCode: undefined }), 'currencyCode'],
    ['in a group of withdrawals', () => ({ connectionId: crypto, groupIds: [999] }), 'groupIds'],
  ])('is refused %s', async (_, wrong, field) => {
    const more = typeof wrong === 'function' ? wrong() : wrong;
    const { status, body } = await call('POST /deposits/methods', {
      name: 'no',
      caption: 'No',
      currencyCode: 840,
      ...more,
    });
    expect([status, body.error.details[0].field]).toEqual([400, field]);
  });
});

describe('currencies and commissions of a method', () => {
  it('are listed, added, changed and deleted below it, and reach the client', async () => {
    const { body: method } = await call('POST /withdrawals/methods', {
      name: 'coins',
      caption: 'Coins',
      connectionId: crypto,
      currencyCode: 2145,
    });
    expect(method).toMatchObject({
      flow: 'send',
      missing: ['No attribute asks the client where to pay to.', 'It is in no group.'],
    });
    const at = `/withdrawals/methods/${method.id}`;
    const added = await call(`POST ${at}/currencies`, { type: 'TR', currencyCode: 1000, min: 0.001, max: '2' });
    expect(added).toMatchObject({
      status: 201,
      body: { type: 'TR', min: { value: '0.00100000', scale: 8 }, max: { value: '2.00000000' }, enabled: true },
    });
    const twin = await call(`POST ${at}/currencies`, { type: 'TR', currencyCode: 1000 });
    expect(twin.status).toBe(409);
    const wrong = await call(`PATCH ${at}/currencies/${added.body.id}`, { min: 3 });
    expect([wrong.status, wrong.body.error.details[0].field]).toEqual([400, 'min']);
    expect((await call(`PATCH ${at}/currencies/${added.body.id}`, { max: 5, enabled: true })).body.max.value).toBe(
      '5.00000000',
    );
    expect((await call(`GET ${at}/currencies?filter[type]=TR`)).body.total).toBe(2);

    const fee = await call(`POST ${at}/commissions`, { type: 'TR', numericCode: 2145, percent: 1.5, min: 1, max: 50 });
    expect(fee.body).toMatchObject({ type: 'TR', numericCode: 2145, percent: 1.5, fix: 0, min: 1, max: 50 });
    await call(`POST ${at}/commissions`, { type: 'PSP', numericCode: 2145, fix: '0.1' });
    const seen = await mine(`withdrawals/methods/${method.id}`);
    expect(seen.tradersRoomCurrencies).toHaveLength(2);
    expect(seen.vendorCommissions).toMatchObject([{ percent: 1.5, max: 50, numericCode: 2145 }]);
    expect(seen.providerCommissions).toMatchObject([{ fix: 0.1 }]);
    expect((await call(`PATCH ${at}/commissions/${fee.body.id}`, { percent: 101 })).status).toBe(400);
    expect((await call(`DELETE ${at}/commissions/${fee.body.id}`)).status).toBe(204);
    expect((await call(`GET ${at}`)).body.vendorCommissions).toEqual([]);
    // Not under the other tree, and not under another method.
    expect((await call(`GET /deposits/methods/${method.id}/currencies`)).status).toBe(404);
    expect((await call(`GET /withdrawals/methods/999/currencies/${added.body.id}`)).status).toBe(404);
  });
});

describe('attributes of a method', () => {
  it('are what the client fills in, under a name the provider knows or an id of their own', async () => {
    const { body: method } = await call('POST /withdrawals/methods', {
      name: 'wire-out',
      caption: 'Wire',
      connectionId: bank,
      currencyCode: 978,
    });
    const at = `/withdrawals/methods/${method.id}/attributes`;
    const iban = await call(`POST ${at}`, { name: 'iban', label: 'IBAN', rules: ['required', 'max:34'], priority: 1 });
    expect(iban).toMatchObject({ status: 201, body: { id: 'iban', name: 'iban', type: 'input' } });
    const own = await call(`POST ${at}`, { label: 'Branch', type: 'select', options: [{ value: 'a', label: 'A' }] });
    expect(own.body.id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await call(`POST ${at}`, { name: 'iban', label: 'Again' })).status).toBe(409);
    expect((await call(`POST ${at}`, { label: 'X', rules: ['regex:.*'] })).body.error.details[0].field).toBe('rules.0');
    expect((await call(`GET ${at}`)).body).toMatchObject({ total: 2, data: [{ label: 'Branch' }, { label: 'IBAN' }] });
    expect((await mine(`withdrawals/methods/${method.id}`)).fields.map((one: any) => one.label)).toEqual([
      'Branch',
      'IBAN',
    ]);
    expect((await call(`GET ${at}/iban`)).body.rules).toEqual(['required', 'max:34']);
    expect((await call(`DELETE ${at}/${own.body.id}`)).status).toBe(204);
    expect((await call(`GET ${at}/${own.body.id}`)).status).toBe(404);
  });
});

describe('rights', () => {
  it('are kept apart for deposits and withdrawals', async () => {
    const reader = await api.operator(['depositMethods.read']);
    expect((await reader.call('GET /api/v2/deposits/methods')).status).toBe(200);
    expect((await reader.call('GET /api/v2/withdrawals/methods')).status).toBe(403);
    expect((await reader.call('POST /api/v2/deposits/groups', { name: 'x' })).status).toBe(403);
  });
});
