import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { paymentOrder } from '../../activities/intake/new-order.ts';
import { writeOrder } from '../../activities/intake/write-order.ts';
import { post } from '../../db/repositories/ledger.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { meanwhile } from '../kit/meanwhile.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let olga: Caller;
let level0: number;

beforeAll(async () => {
  api = await MoneyApi.start({}, ['sumsub']);
  olga = await api.operator();
  const { body } = await olga.call('GET /verifications/levels?sort_by=index');
  level0 = body.data[0].id;
});
afterAll(() => api.stop());

const level = (rest: object = {}) => ({ index: 7, name: 'Gold', caption: 'Gold', ...rest });

describe('verification levels', () => {
  it('are made, changed, deleted; one is the default, and new clients begin there', async () => {
    const groups = (await olga.call('GET /documents/groups')).body.data.map((one: any) => one.id);
    const made = await olga.call(
      'POST /verifications/levels',
      level({ wizard: 'DocumentsWizard', documentGroupIds: groups }),
    );
    expect(made).toMatchObject({
      status: 201,
      body: {
        index: 7,
        documentGroupIds: groups,
        default: false,
        limits: { deposit: null, withdrawal: null, transfer: null },
      },
    });
    const limits = { deposit: null, transfer: null, withdrawal: { amount: '10.5', currencyCode: 840, period: 'P1D' } };
    const changed = await olga.call(`PATCH /verifications/levels/${made.body.id}`, { default: true, limits });
    expect(changed.body).toMatchObject({ default: true, limits: { withdrawal: { amount: '10.500000000000000000' } } });
    const { body } = await olga.call('GET /verifications/levels');
    expect(body.data.filter((one: any) => one.default).map((one: any) => one.name)).toEqual(['Gold']);
    const client = await olga.call('POST /clients', { email: 'new@example.com', firstName: 'New', lastName: 'One' });
    expect(client.body.verificationLevel.name).toBe('Gold');
    expect((await olga.call(`DELETE /verifications/levels/${made.body.id}`)).status).toBe(409);
    expect((await olga.call(`PATCH /verifications/levels/${level0}`, { default: true })).status).toBe(200);
    expect((await olga.call(`DELETE /verifications/levels/${made.body.id}`)).status).toBe(400);
  });

  it('refuse what cannot be', async () => {
    const { id: sumsub } = await api.hub.one<{ id: number }>(`select id from connection where name = 'sumsub'`);
    const { id: bank } = await api.hub.one<{ id: number }>(`select id from connection where name = 'bank'`);
    for (const [body, field] of [
      [level({ index: 0 }), 'index'],
      [level({ index: -1 }), 'index'],
      [level({ index: 8, wizard: 'SnsWizardSDK' }), 'connectionId'],
      [level({ index: 8, wizard: 'DocumentsWizard', connectionId: sumsub }), 'connectionId'],
      [level({ index: 8, wizard: 'SnsWizardSDK', connectionId: bank }), 'connectionId'],
      [level({ index: 8, wizard: 'ShuftiProSDK', connectionId: sumsub }), 'wizard'],
      [level({ index: 8, connectionId: sumsub, programme: 'basic-kyc-level' }), 'wizard'],
      [
        level({ index: 8, limits: { deposit: { amount: '1', currencyCode: 840, period: '1 day' } } }),
        'limits.deposit.period',
      ],
      [level({ index: 8, roleId: 999 }), 'roleId'],
      [level({ index: 8, documentGroupIds: [1, 999] }), 'documentGroupIds'],
    ] as const) {
      const { status, body: answer } = await olga.call('POST /verifications/levels', { ...body, name: `L${field}` });
      expect([field, status >= 400 && status < 500, answer.error.details[0].field]).toEqual([field, true, field]);
    }
  });

  it('are offered by restriction', async () => {
    const client = await api.clientWith('0', 'USD');
    const { body: all } = await client.call('GET /my/verifications/levels');
    const next = all.data.find((one: any) => one.name === 'Level 1');
    expect(all.data.map((one: any) => [one.name, one.state]).slice(0, 2)).toEqual([
      ['Level 0', 'current'],
      ['Level 1', 'available'],
    ]);
    const { type_id: type } = await api.hub.one<any>('select type_id from client where client_id = $1', [client.id]);
    const path = `/verifications/levels/${next.id}/restrictions`;
    const made = await olga.call(`POST ${path}`, { restriction: 'clientType', enabled: true, ruleIds: [type] });
    expect(made).toMatchObject({ status: 201, body: { type: 'deny', rules: [{ id: type, name: 'Individual' }] } });
    expect((await client.call(`GET /my/verifications/levels/${next.id}`)).status).toBe(404);
    expect((await client.call(`GET /my/verifications/wizard?levelId=${next.id}`)).status).toBe(404);
    await olga.call(`PATCH ${path}/${made.body.id}`, { type: 'allow' });
    expect((await client.call(`GET /my/verifications/levels/${next.id}`)).status).toBe(200);
    await olga.call(`PATCH ${path}/${made.body.id}`, { ruleIds: [] });
    expect((await client.call(`GET /my/verifications/levels/${next.id}`)).status).toBe(404);
    expect((await olga.call(`DELETE ${path}/${made.body.id}`)).status).toBe(204);
  });
});

describe('what a level allows', () => {
  const withdraw = async (client: { wallet: number } & Caller, amount: string) =>
    client.call('POST /my/withdrawals', {
      accountId: client.wallet,
      methodId: await api.methodId('bank-payout'),
      currencyCode: 840,
      amount,
      data: { iban: 'DE02120300000000202051', accountHolder: 'Ann Lee' },
    });

  it('is the right to pay out, and how much in a day; a higher level raises it at once', async () => {
    const client = await api.clientWith('1000', 'USD');
    const roles = await olga.call('POST /clients/roles', {
      name: 'strict',
      caption: 'No withdrawals',
      permissions: { withdrawals: false },
    });
    expect(roles.status).toBe(201);
    await olga.call(`PATCH /verifications/levels/${level0}`, { roleId: roles.body.id });
    expect((await client.call('GET /my/permissions')).body).toEqual({
      verification: true,
      converter: true,
      deposits: true,
      withdrawals: false,
      internalTransfers: true,
    });
    expect(await withdraw(client, '20')).toMatchObject({
      status: 403,
      body: { error: { details: [{ reason: 'restricted' }] } },
    });
    await olga.call(`PATCH /verifications/levels/${level0}`, {
      roleId: null,
      limits: { deposit: null, transfer: null, withdrawal: { amount: '100', currencyCode: 840, period: 'P1D' } },
    });
    expect((await withdraw(client, '60')).status).toBeLessThan(300);
    expect(await withdraw(client, '60')).toMatchObject({
      status: 400,
      body: {
        error: {
          details: [
            {
              ...{ reason: 'limit_exceeded', field: 'amount' },
              issue: 'The verification level allows 100 within a day.',
            },
          ],
        },
      },
    });
    expect((await withdraw(client, '40')).status).toBeLessThan(300);
    await api.hub.pool.query(
      `update client set verification_level_id = (select id from verification_level where name = 'Level 1') where client_id = $1`,
      [client.id],
    );
    expect((await withdraw(client, '60')).status).toBeLessThan(300);
  });

  it('is shown to him with what is left of it', async () => {
    const client = await api.clientWith('1000', 'USD');
    const deposit = { amount: '5000', currencyCode: 840, period: 'P1M' };
    const withdrawal = { amount: '100.5', currencyCode: 840, period: 'P1D' };
    await olga.call(`PATCH /verifications/levels/${level0}`, { limits: { deposit, transfer: null, withdrawal } });
    const shown = async () => (await client.call(`GET /my/verifications/levels/${level0}`)).body.limits;
    const places = (amount: string) => expect.stringMatching(new RegExp(`^${amount.replace('.', '\\.')}0+$`));
    expect(await shown()).toEqual({
      deposit: { ...deposit, amount: '5000.000000000000000000', used: places('0.0'), left: places('5000.0') },
      withdrawal: { ...withdrawal, amount: places('100.5'), used: places('0.0'), left: places('100.5') },
      transfer: null,
    });
    expect((await withdraw(client, '60')).status).toBeLessThan(300);
    expect((await shown()).withdrawal).toMatchObject({ used: places('60.0'), left: places('40.5') });
    expect((await withdraw(client, '40.51')).body.error.details[0].reason).toBe('limit_exceeded');
    expect((await withdraw(client, '40.5')).status).toBeLessThan(300);
    expect((await shown()).withdrawal).toMatchObject({ used: places('100.5'), left: places('0.0') });

    // What a lower limit finds there is more than it: nothing is left, and never less.
    await olga.call(`PATCH /verifications/levels/${level0}`, {
      limits: { deposit, transfer: null, withdrawal: { ...withdrawal, amount: '10' } },
    });
    expect((await shown()).withdrawal).toMatchObject({ used: places('100.5'), left: places('0.0') });
    await olga.call(`PATCH /verifications/levels/${level0}`, {
      limits: { deposit: null, transfer: null, withdrawal: { ...withdrawal, amount: '100' } },
    });

    // What a higher level would give him; of that nothing is used.
    const { body } = await client.call('GET /my/verifications/levels');
    const next = body.data.find((one: any) => one.name === 'Level 1');
    await olga.call(`PATCH /verifications/levels/${next.id}`, {
      limits: { deposit, transfer: null, withdrawal: null },
    });
    expect((await client.call(`GET /my/verifications/levels/${next.id}`)).body.limits).toEqual({
      deposit: { ...deposit, amount: places('5000.0'), used: null, left: null },
      withdrawal: null,
      transfer: null,
    });
    await olga.call(`PATCH /verifications/levels/${next.id}`, {
      limits: { deposit: null, transfer: null, withdrawal: null },
    });
  });

  it('is not passed by two that are ordered at once, from two wallets', async () => {
    const client = await api.clientWith('1000', 'USD');
    const accountId = await api.hub.openWallet(client.id, 'USD');
    await post(api.hub.pool, `test:paid-in:${accountId}`, [
      { do: 'post', from: 'house:suspense:USD', to: walletCode(accountId), amount: '1000' },
    ]);
    const methodId = await api.methodId('bank-payout');
    const data = { iban: 'DE02120300000000202051', accountHolder: 'Ann Lee' };
    const actor = { kind: 'client', id: client.id } as const;
    const second = await meanwhile(
      api.hub.pool,
      async (db) => {
        const payout = { accountId, methodId, amount: '60', data };
        const order = await paymentOrder(db, actor, 'withdrawal', payout);
        await writeOrder(db, { actor, key: undefined, cause: { requestId: 'first' } }, order);
      },
      () => withdraw(client, '60'),
    );
    expect([second.status, second.body.error?.details[0].reason]).toEqual([400, 'limit_exceeded']);
    expect((await withdraw(client, '40')).status).toBeLessThan(300);
  });
});
