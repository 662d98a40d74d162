/** What one client may do, whatever his level allows, where money moves; and that nobody is deleted who has some. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let olga: Caller;
beforeAll(async () => {
  api = await MoneyApi.start();
  olga = await api.operator();
});
afterAll(() => api?.stop());

const detail = ({ status, body }: { status: number; body: any }) => [
  status,
  body.error?.details[0].reason,
  body.error?.details[0].issue,
];
const withdraw = async (client: Caller & { wallet: number }) =>
  client.call(
    'POST /my/withdrawals',
    {
      accountId: client.wallet,
      methodId: await api.methodId('bank-payout'),
      currencyCode: 840,
      amount: 10,
      data: { accountHolder: 'Ann Lee', iban: 'DE02120300000000202051' },
    },
    { 'idempotency-key': randomUUID() },
  );

describe('a right that a client does not have', () => {
  it('keeps him from it at once; given back, and more than his level gives, he may', async () => {
    const client = await api.clientWith('100', 'USD');
    const rights = (permissions: object) =>
      olga.call(`PUT /clients/${client.id}/permissions`, { isExplicit: true, permissions });
    await rights({ withdrawals: false });
    expect(detail(await withdraw(client))).toEqual([403, 'restricted', 'The broker does not allow this.']);
    await api.hub.pool.query(
      `insert into client_role (name, caption, is_default, permissions) values ('none', 'None', true, '{"withdrawals": false}')`,
    );
    await rights({});
    expect((await withdraw(client)).body.error.details[0]).toMatchObject({
      reason: 'restricted',
      because: 'verification_level',
    });
    await rights({ withdrawals: true });
    expect((await withdraw(client)).status).toBe(200);
    await api.hub.pool.query(`delete from client_role where name = 'none'`);
    expect(await client.of.balance()).toEqual({ balance: '100', held: '10' });
  });
});

describe('a client who has money', () => {
  it('is not deleted, nor while some moves, nor with an open trading account', async () => {
    const client = await api.clientWith('10', 'USD');
    const remove = async () => detail(await olga.call(`DELETE /clients/${client.id}`));
    const money = [400, 'in_use', expect.stringMatching(/^Account 2\d+ holds money: it must be paid out first\.$/)];
    expect(await remove()).toEqual(money);
    const { body } = await withdraw(client);
    expect(await remove()).toEqual(money);
    const { transactionId } = body.data.transaction;
    const evidence = { bankReference: randomUUID(), valueDate: '2026-01-31' };
    const [request] = (await olga.call(`GET /applications?filter[clientId]=${client.id}`)).body.data;
    expect((await olga.call(`POST /applications/${request.id}/approve`, { evidence })).status).toBe(200);
    await api.hub.reaches(transactionId, 'done');
    const { login } = await api.hub.openTradingAccount(client.id);
    expect(await remove()).toEqual([
      400,
      'in_use',
      `Trading account ${login} is open at its platform: archive it first.`,
    ]);
    await api.hub.pool.query(`update account set status = 'archived' where account_number = $1`, [login]);
    expect((await olga.call(`DELETE /clients/${client.id}`)).status).toBe(204);
  });
});
