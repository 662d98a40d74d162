import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from './money-hub.ts';

// Payouts that people make outside, at the bank: approving one says that it was paid.

const USD = 840;
const EUR = 978;

let api: MoneyApi;
let olga: Caller;
let bankPayout: number;

beforeAll(async () => {
  api = await MoneyApi.start({}, ['ecb', 'b2binpay-rates']);
  olga = await api.operator();
  bankPayout = await api.methodId('bank-payout');
});
afterAll(() => api?.stop());

type Client = Awaited<ReturnType<MoneyApi['clientWith']>>;

const ordered = async (client: Client, amount: string, currencyCode = USD): Promise<number> => {
  const { status, body } = await client.call('POST /my/withdrawals', {
    accountId: client.wallet,
    methodId: bankPayout,
    amount,
    currencyCode,
    data: { accountHolder: 'Ann Lee', iban: 'CY17002001280000001200527600' },
  });
  expect({ status, body }).toMatchObject({ status: 200 });
  const id: number = body.data.transaction.transactionId;
  await api.hub.reaches(id, 'awaiting_approval');
  return id;
};

const paid = async (id: number): Promise<void> => {
  const { id: request } = await api.hub.openRequest(id);
  const evidence = { bankReference: `PAID-${id}`, valueDate: '2026-01-31' };
  expect(await olga.call(`POST /applications/${request}/approve`, { evidence })).toMatchObject({ status: 200 });
};

describe('a payout that people make at the bank', () => {
  it('is not for the client to cancel once they were asked for it: it may be on its way', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, '30');
    expect(await client.call(`POST /my/transactions/${id}/cancel`)).toMatchObject({
      status: 403,
      body: { error: { details: [{ reason: 'restricted', issue: expect.stringContaining('ask your broker') }] } },
    });
    expect(await client.of.balance()).toEqual({ balance: '100', held: '30' });
    await paid(id);
    await api.hub.reaches(id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '70', held: '0' });
  });

  it('can be cancelled by an operator, who knows whether it was paid', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, '30');
    expect(await olga.call(`POST /transactions/${id}/cancel`)).toMatchObject({ status: 200 });
    await api.hub.reaches(id, 'cancelled');
    expect(await client.of.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('is booked when it is said to be paid, whatever became of the client meanwhile', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, '30');
    await api.hub.pool.query(`update client set status = 'banned' where client_id = $1`, [client.id]);
    await paid(id);
    await api.hub.reaches(id, 'done');
    expect(await client.of.balance()).toEqual({ balance: '70', held: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('in another currency is booked with what they were asked to pay, however long that took', async () => {
    await api.hub.askRates('European Central Bank');
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, '30', EUR);
    const asked = (await olga.call(`GET /transactions/${id}`)).body.exchange.receivedAmount;
    await api.hub.pool.query(`update transaction_exchange set expires_at = now() where transaction_id = $1`, [id]);
    await api.hub.pool.query(`delete from rate`);
    await paid(id);
    await api.hub.reaches(id, 'done');
    expect((await olga.call(`GET /transactions/${id}`)).body.finalAmount).toBe(asked);
    expect(await api.hub.breaches()).toEqual([]);
  });
});

describe('who approves a payout', () => {
  const warned = async (id: number): Promise<string[]> => {
    const { id: request } = await api.hub.openRequest(id);
    const { body: list } = await olga.call(`GET /applications?filter[transactionId]=${id}`);
    const { body: one } = await olga.call(`GET /applications/${request}`);
    expect(list.data[0].warnings).toEqual(one.warnings);
    return one.warnings;
  };

  it('is warned of nothing when nothing speaks against it', async () => {
    expect(await warned(await ordered(await api.clientWith('100', 'USD'), '30'))).toEqual([]);
  });

  it('sees that the client was banned meanwhile, as long as he is', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, '30');
    const become = (status: string) =>
      api.hub.pool.query(`update client set status = $2 where client_id = $1`, [client.id, status]);
    await become('banned');
    expect(await warned(id)).toEqual(['The client is banned.']);
    await become('active');
    expect(await warned(id)).toEqual([]);
    await become('banned');
    const { id: request } = await api.hub.openRequest(id);
    await paid(id);
    expect((await olga.call(`GET /applications/${request}`)).body.warnings).toEqual([]);
  });

  it('sees that the account may not withdraw any more', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, '30');
    await api.hub.pool.query(
      `update account set permissions = array_remove(permissions, 'withdrawal') where account_id = $1`,
      [client.wallet],
    );
    expect(await warned(id)).toEqual(['The account has no right to withdraw.']);
  });

  it('sees what has changed since it was ordered, for which a new order would wait', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, '30');
    await api.hub.pool.query(`insert into password_change (client_id, type) values ($1, 'restored')`, [client.id]);
    expect(await warned(id)).toEqual([
      expect.stringMatching(/^The client's password has changed after this was ordered: .* UTC\.$/),
    ]);
  });

  it('sees what the client owes after a reversal that his wallet did not cover', async () => {
    const client = await api.clientWith('100', 'USD');
    const id = await ordered(client, '30');
    const { deposit } = await api.hub.one<{ deposit: number }>(
      `insert into money_transaction (type, stage, status, client_id, credit_account_id, currency, amount, reference, workflow_started)
       values ('deposit', 'returned', 'refund', $1, $2, 840, 50, 'taken-back', true) returning transaction_id as deposit`,
      [client.id, client.wallet],
    );
    await api.hub.pool.query(
      `insert into deposit_reversal (transaction_id, connection_id, provider_id, kind, state, amount, booked, from_client, from_suspense)
       values ($1, (select min(id) from connection), 'dp_1', 'dispute', 'done', 50, true, 10, 40)`,
      [deposit],
    );
    expect(await warned(id)).toEqual([
      `The client owes 40 USD: it was taken back of deposit ${deposit}, and his wallet did not cover it.`,
    ]);
  });
});
