import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { subtract } from '../../domain/money.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

// What a bank took, as the operator says who enters the payment: no bank is asked.

const EUR = 978;

let api: MoneyApi;
let olga: Caller;
let boris: Caller;

beforeAll(async () => {
  api = await MoneyApi.start({}, ['ecb', 'b2binpay-rates']);
  [olga, boris] = await Promise.all([api.operator(), api.operator()]);
});
afterAll(() => api?.stop());

const approved = async (transactionId: number): Promise<void> => {
  const { id: request } = await api.hub.openRequest(transactionId);
  const evidence = { bankReference: `ST-${randomUUID().slice(0, 8)}`, valueDate: '2026-01-31' };
  expect(await boris.call(`POST /applications/${request}/approve`, { evidence })).toMatchObject({ status: 200 });
  await api.hub.reaches(transactionId, 'done');
};

/** What the transaction moved on the books of its bank: charged by it, and owed by it (below zero: less than before). */
const atTheBank = async (transactionId: number, currency: string) => {
  const { rows } = await api.hub.pool.query<{ kind: string; moved: string }>(
    `select l.kind, trim_scale(sum(case when l.id = x.from_account then x.amount else -x.amount end))::text as moved
       from ledger_transfer x join ledger_account l on l.id in (x.from_account, x.to_account)
      where l.kind in ('fees', 'clearing') and l.code like '%:' || $2 and x.operation_key like 'transaction:' || $1::int || ':%' group by l.kind`,
    [transactionId, currency],
  );
  const moved = (kind: string) => rows.find((row) => row.kind === kind)?.moved ?? '0';
  return { charged: moved('fees'), owes: moved('clearing') };
};

const withdrawal = (client: Awaited<ReturnType<MoneyApi['clientWith']>>, methodId: number, more: object) => ({
  ...{ accountId: client.wallet, methodId, amount: '100', vendorCommission: '0' },
  data: { accountHolder: 'Ann Lee', iban: 'CY17002001280000001200527600' },
  ...more,
});

describe('what a bank took of a payment that an operator enters', () => {
  it('is charged to the broker with a deposit: the bank has so much less of his, the client gets what was paid', async () => {
    const client = await api.clientWith('0', 'USD');
    const methodId = await api.methodId('bank-transfer');
    const order = {
      accountId: client.wallet,
      methodId,
      amount: '1000',
      vendorCommission: '0',
      providerCommission: '15',
    };
    const { transactionId } = (await olga.call('POST /deposits', order)).body;
    const { id: request } = await api.hub.openRequest(transactionId);
    expect((await boris.call(`GET /applications/${request}`)).body.data.providerCommission).toBe(
      '15.000000000000000000',
    );
    await approved(transactionId);
    expect(await client.of.balance()).toEqual({ balance: '1000', held: '0' });
    expect(await atTheBank(transactionId, 'USD')).toEqual({ charged: '15', owes: '985' });
    expect((await olga.call(`GET /transactions/${transactionId}`)).body.providerCommission).toBe(
      '15.000000000000000000',
    );
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is charged to the broker with a withdrawal', async () => {
    const client = await api.clientWith('100', 'USD');
    const methodId = await api.methodId('bank-payout');
    const order = withdrawal(client, methodId, { providerCommission: '15' });
    const { transactionId } = (await olga.call('POST /withdrawals', order)).body;
    await approved(transactionId);
    expect(await client.of.balance()).toEqual({ balance: '0', held: '0' });
    expect(await atTheBank(transactionId, 'USD')).toEqual({ charged: '15', owes: '-115' });
    expect((await olga.call(`GET /transactions/${transactionId}`)).body.providerCommission).toBe(
      '15.000000000000000000',
    );
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is in the currency that the bank paid', async () => {
    await api.hub.askRates('European Central Bank');
    const client = await api.clientWith('100', 'USD');
    const methodId = await api.methodId('bank-payout');
    const order = withdrawal(client, methodId, { currencyCode: EUR, providerCommission: '15' });
    const { transactionId } = (await olga.call('POST /withdrawals', order)).body;
    await approved(transactionId);
    const { finalAmount } = (await olga.call(`GET /transactions/${transactionId}`)).body;
    expect(await atTheBank(transactionId, 'EUR')).toEqual({ charged: '15', owes: subtract('-15', finalAmount) });
    expect(await atTheBank(transactionId, 'USD')).toEqual({ charged: '0', owes: '0' });
    expect(await api.hub.breaches()).toEqual([]);
  });
});
