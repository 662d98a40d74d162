/** Payouts that a client keeps as templates: who sees where they go, and a payout made of one. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';

let api: MoneyApi;
let olga: Caller;
let methods: { tether: number; bank: number };
beforeAll(async () => {
  api = await MoneyApi.start();
  await api.hub.approvals('withdrawal', 1);
  olga = await api.operator(['withdrawalTemplates.read']);
  methods = { tether: await api.methodId('usdt-payout'), bank: await api.methodId('bank-payout') };
});
afterAll(async () => {
  expect(await api.hub.breaches()).toEqual([]);
  await api?.stop();
});

const USDT = 2145;
const ADDRESS = 'TXYZtestaddress0000000000000000001';
const reasons = ({ status, body }: { status: number; body: any }) => {
  const { reason, field } = body.error.details[0];
  return [status, reason, field];
};

let ann: Awaited<ReturnType<MoneyApi['clientWith']>>;
beforeEach(async () => {
  ann = await api.clientWith('100', 'USDT');
});
const template = (more: object = {}) => ({
  ...{ name: 'My wallet', accountId: ann.wallet, methodId: methods.tether, currencyCode: USDT, amount: '12.5' },
  data: { address: ADDRESS },
  ...more,
});
const keep = async (more: object = {}) => {
  const { status, body } = await ann.call('POST /my/withdrawals/patterns', template(more));
  expect([status, body]).toEqual([201, expect.anything()]);
  return body;
};

describe('a template', () => {
  it('is kept once, however often its client sends it under one key', async () => {
    const [key, other] = [{ 'idempotency-key': 'once' }, { 'idempotency-key': 'other' }];
    const send = (headers: Record<string, string>) =>
      ann.call('POST /my/withdrawals/patterns', template({ name: 'Sent again' }), headers);
    const [first, again] = [await send(key), await send(key)];
    expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
    const inUse = await send(other);
    expect(inUse.status === 201 ? inUse.body.patternId : inUse.status).not.toBe(first.body.patternId);
  });

  it('is kept, changed and deleted by its client', async () => {
    const kept = await keep();
    expect(kept).toEqual({
      patternId: expect.any(Number),
      name: 'My wallet',
      accountId: ann.wallet,
      methodId: methods.tether,
      currencyCode: USDT,
      amount: '12.500000000000000000',
      data: { address: ADDRESS },
      createTime: expect.any(String),
      updateTime: null,
    });
    const path = `/my/withdrawals/patterns/${kept.patternId}`;
    expect((await ann.call(`GET ${path}`)).body).toEqual(kept);
    const changed = await ann.call(`PATCH ${path}`, { name: 'Other', amount: null });
    expect(changed.body).toEqual({ ...kept, name: 'Other', amount: null, updateTime: expect.any(String) });
    expect((await ann.call(`PUT ${path}`, { amount: 3 })).body.amount).toBe('3.000000000000000000');
    expect((await ann.call('GET /my/withdrawals/patterns')).body).toMatchObject({
      total: 1,
      data: [{ name: 'Other' }],
    });
    const found = async (name: string) =>
      (await ann.call(`GET /my/withdrawals/patterns?filter[name]=${name}`)).body.total;
    expect([await found('oth'), await found('Rent')]).toEqual([1, 0]);
    expect((await ann.call(`DELETE ${path}`)).status).toBe(204);
    expect((await ann.call(`GET ${path}`)).status).toBe(404);
    expect((await ann.call(`DELETE ${path}`)).status).toBe(404);
  });

  it('is refused when no payout could be made of it, or when another has its name', async () => {
    const refused = async (more: object) => reasons(await ann.call('POST /my/withdrawals/patterns', template(more)));
    expect(await refused({ data: {} })).toEqual([400, 'validation', 'data.address']);
    expect(await refused({ methodId: 999_999 })).toEqual([400, 'not_found', 'methodId']);
    expect(await refused({ currencyCode: 840 })).toEqual([400, 'currency_mismatch', 'currencyCode']);
    expect(await refused({ accountId: ann.wallet + 1_000 })).toEqual([404, 'not_found', 'accountId']);
    expect(await refused({ amount: '1.1234567' })).toEqual([400, 'too_many_decimals', 'amount']);
    expect(await refused({ name: ' ' })).toEqual([400, 'validation', 'name']);
    await ann.call('PUT /my/withdrawals/policies/enable');
    expect(await refused({})).toEqual([403, 'address_not_whitelisted', 'data.address']);
    await api.hub.pool.query(`update client set listed_addresses_only = false where client_id = $1`, [ann.id]);
    await keep();
    expect(await refused({})).toEqual([409, 'already_exists', 'name']);
  });

  it('of another client does not exist', async () => {
    const { patternId } = await keep();
    const bob = await api.clientWith('50', 'USDT');
    expect((await bob.call(`GET /my/withdrawals/patterns/${patternId}`)).status).toBe(404);
    expect((await bob.call(`PUT /my/withdrawals/patterns/${patternId}`, { name: 'Mine' })).status).toBe(404);
    expect((await bob.call(`DELETE /my/withdrawals/patterns/${patternId}`)).status).toBe(404);
    expect(reasons(await bob.call('POST /my/withdrawals', { patternId }))).toEqual([404, 'not_found', 'patternId']);
  });

  it('goes with the method that it goes by', async () => {
    const admin = await api.operator();
    const { body: method } = await admin.call('POST /withdrawals/methods', {
      ...{ name: 'short-lived', caption: 'Short-lived', provider: 'manual', currencyCode: USDT },
    });
    const { patternId } = await keep({ methodId: method.id, data: {} });
    expect((await admin.call(`DELETE /withdrawals/methods/${method.id}`)).status).toBe(204);
    expect((await ann.call(`GET /my/withdrawals/patterns/${patternId}`)).status).toBe(404);
  });

  it('is kept sealed', async () => {
    const { patternId } = await keep();
    const { row } = await api.hub.one<{ row: string }>(
      `select to_jsonb(t)::text || encode(t.sealed, 'escape') as row from payout_template t where id = $1`,
      [patternId],
    );
    expect(row).not.toContain(ADDRESS);
  });
});

describe('a payout', () => {
  it('is made of a template, and what is said beside it counts instead', async () => {
    const { patternId } = await keep();
    const first = await ann.call('POST /my/withdrawals', { patternId });
    expect([first.status, first.body]).toEqual([200, expect.objectContaining({ code: 202 })]);
    await ann.call('POST /my/withdrawals', { patternId, amount: 7 });
    const { rows } = await api.hub.pool.query(
      `select trim_scale(amount)::text as amount, data from money_transaction where client_id = $1 order by transaction_id`,
      [ann.id],
    );
    expect(rows).toEqual([
      { amount: '12.5', data: { address: ADDRESS } },
      { amount: '7', data: { address: ADDRESS } },
    ]);
  });

  it('wants what its template leaves open', async () => {
    const { patternId } = await keep({ amount: null, accountId: null });
    const answer = await ann.call('POST /my/withdrawals', { patternId });
    expect(answer.body.error.details.map(({ field }: { field: string }) => field)).toEqual(['accountId', 'amount']);
    expect((await ann.call('POST /my/withdrawals', { patternId, accountId: ann.wallet, amount: 2 })).status).toBe(200);
  });
});

describe('what a template says', () => {
  const missing = async (body: object) => {
    const answer = await ann.call('POST /my/withdrawals', body);
    return [answer.status, ...answer.body.error.details.map(({ field, issue }: any) => `${field}: ${issue}`)];
  };

  it('of an amount is for its own account', async () => {
    const { patternId } = await keep();
    const dollars = await api.clientWith('100', 'USD');
    expect(await missing({ patternId, accountId: dollars.wallet })).toEqual([400, 'amount: amount is required.']);
  });

  it('of an amount without an account is in its currency', async () => {
    const { patternId } = await keep({ accountId: null });
    expect((await ann.call('POST /my/withdrawals', { patternId, accountId: ann.wallet })).status).toBe(200);
    const dollars = await api.clientWith('100', 'USD');
    await api.hub.pool.query(`update account set client_id = $1 where account_id = $2`, [ann.id, dollars.wallet]);
    expect(await missing({ patternId, accountId: dollars.wallet })).toEqual([400, 'amount: amount is required.']);
  });

  it('of where the money goes is for its own currency and method', async () => {
    const { patternId } = await keep();
    expect(await missing({ patternId, currencyCode: 840 })).toEqual([400, 'data: data is required.']);
    expect(await missing({ patternId, methodId: methods.bank })).toEqual([400, 'data: data is required.']);
  });
});

describe('an operator', () => {
  it('sees the templates of his clients, without data he must not see', async () => {
    const { patternId } = await keep();
    const { body } = await olga.call(`GET /withdrawals/patterns?filter[clientId]=${ann.id}`);
    expect(body).toMatchObject({ total: 1, data: [{ patternId, clientId: ann.id, data: { address: ADDRESS } }] });
    const masked = await api.operator(['withdrawalTemplates.read']);
    await api.hub.pool.query(`update hub_user set mask_data = true where id = $1`, [masked.id]);
    await eventually(
      async () => (await masked.call(`GET /withdrawals/patterns/${patternId}`)).body.data.address === '*',
      'the mask',
    );
    const stranger = await api.operator(['clients.read']);
    expect((await stranger.call('GET /withdrawals/patterns')).status).toBe(403);
  });
});
