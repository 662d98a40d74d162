/** A payout that comes back after it was done: in parts, more of it than was ordered, or nobody knows how much. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { bookAftermath } from '../../activities/ledger/book-aftermath.ts';
import type { Aftermath } from '../../activities/payments/find-aftermath.ts';
import { lendTools } from '../../worker/tools.ts';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestClient } from '../kit/hub.ts';

let api: MoneyApi;
let olga: Caller;
let boris: Caller;
let stripeMethod: { id: number; connection: number };

beforeAll(async () => {
  api = await MoneyApi.start({}, ['stripe']);
  [olga, boris] = await Promise.all([api.operator(), api.operator()]);
  await api.hub.approvals('withdrawal', 0);
  await api.hub.pool.query(
    `with made as (
       insert into payment_method (direction, name, caption, provider, connection_id, flow)
       select 'withdrawal', 'transfer', 'Transfer', provider, id, 'send' from connection where name = 'stripe' returning id)
     insert into payment_method_currency (method_id, type, currency) select id, type, 840 from made, unnest(array['TR', 'PS']) as type`,
  );
  stripeMethod = await api.hub.methodId('transfer');
  // Stripe pays from what was paid to it.
  await api.hub.pool.query(
    `with made as (
       insert into payment_method (direction, name, caption, provider, connection_id, flow)
       select 'deposit', 'card', 'Card', provider, id, 'invoice' from connection where name = 'stripe' returning id)
     insert into payment_method_currency (method_id, type, currency) select id, 'TR', 840 from made`,
  );
  await api.hub.approvals('deposit', 0);
  const payer = await api.hub.clientWith('0', 'USD');
  const deposit = await payer.deposit('1000.00', { method: 'card' });
  await api.hub.reaches(deposit, 'awaiting_payer');
  await api.hub.sandbox('stripe').pay(await api.hub.providerId(deposit));
  await api.hub.reaches(deposit, 'done');
});
afterAll(() => api?.stop());
afterEach(() => api.hub.sandbox('b2binpay').reset());

const tools = () => ({
  ...lendTools(api.hub.settings, api.hub.pool, api.hub.client, api.hub.timings),
  run: { workflowId: 'test', runId: '' },
  signal: new AbortController().signal,
});

interface Paid {
  client: TestClient;
  payout: number;
}

/** A transfer to a connected account, done. */
const transferred = async (amount = '100.00', commission = '0'): Promise<Paid> => {
  const client = await api.hub.clientWith('200', 'USD');
  const payout = await api.hub.order({
    ...{ type: 'withdrawal', client_id: client.clientId, debit_account_id: client.wallet, currency: 840, amount },
    ...{ method_id: stripeMethod.id, connection_id: stripeMethod.connection, vendor_commission: commission },
    data: { address: 'acct_1SandboxAnna' },
  });
  await api.hub.reaches(payout, 'done');
  return { client, payout };
};
const reverse = async (payout: number, minor: number) =>
  api.hub.sandbox('stripe').advance(await api.hub.providerId(payout), `return:${minor}`);
const has = (client: TestClient, balance: string) =>
  eventually(async () => (await client.balance()).balance === balance, `a balance of ${balance}`);
const told = (transactionId: number, seen: Partial<Aftermath>) =>
  bookAftermath({ transactionId, seen: { state: 'returned', providerStatus: 'told', amount: null, ...seen } }, tools());
const view = async (payout: number) => (await olga.call(`GET /transactions/${payout}`)).body;
/** What one account of the books has of a payout, all its operations together. */
const moved = async (payout: number, code: string): Promise<string> =>
  (
    await api.hub.one<{ sum: string }>(
      `select trim_scale(coalesce(sum(p.amount), 0))::text as sum from ledger_posting p join ledger_transfer x on x.id = p.transfer_id
         join ledger_account a on a.id = p.account_id where x.operation_key like 'transaction:' || $1::integer || ':%' and a.code = $2`,
      [payout, code],
    )
  ).sum;

describe('a payout that comes back in parts', () => {
  it('is credited part by part, each once', async () => {
    const { client, payout } = await transferred();
    await reverse(payout, 4_000);
    await has(client, '140');
    expect(await view(payout)).toMatchObject({ status: 'refund' });
    await reverse(payout, 1_000);
    await has(client, '150');
    await reverse(payout, 5_000);
    await has(client, '200');
    await api.hub.steering.payoutReturn({
      ...{ transactionId: payout, connectionId: stripeMethod.connection, webhookId: '1', said: 'once more' },
    });
    await api.hub.ends(`payout-return:${payout}`);
    expect(await client.balance()).toEqual({ balance: '200', held: '0' });
    expect(await moved(payout, `provider:${stripeMethod.connection}:clearing:USD`)).toBe('0');
    expect(await view(payout)).toMatchObject({ needsHuman: null });
    // Apps that listen are told of each.
    expect(
      await api.count(`realtime_event where kind = 'transaction' and about = '${payout}' and status = 'refund'`),
    ).toBe(3);
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('agrees with the books of its provider after each part', async () => {
    const from = new Date(Math.floor(Date.now() / 1000) * 1000 - 3_600_000);
    const { client, payout } = await transferred();
    for (const [minor, balance] of [
      [4_000, '140'],
      [6_000, '200'],
    ] as const) {
      await reverse(payout, minor);
      await has(client, balance);
    }
    await new Promise((passed) => setTimeout(passed, 1_100)); // the window ends with a whole second that is over
    const to = new Date(Math.floor(Date.now() / 1000) * 1000);
    const window = { connectionId: stripeMethod.connection, from: from.toISOString(), to: to.toISOString() };
    const { body } = await olga.call('POST /reconciliations', window);
    await api.hub.ends(body.workflowId);
    const { data } = (await olga.call('GET /reconciliation-differences?limit=1000')).body;
    expect(data.filter((one: { transactionId: number }) => one.transactionId === payout)).toEqual([]);
  });

  it('is worth all that was charged once all of it is back, when it had changed currency', async () => {
    const client = await api.hub.clientWith('50', 'EUR');
    const payout = await api.hub.order(
      {
        ...{ type: 'withdrawal', client_id: client.clientId, debit_account_id: client.wallet, currency: 978 },
        ...{ amount: '10', method_id: stripeMethod.id, connection_id: stripeMethod.connection },
        data: { address: 'acct_1SandboxAnna' },
      },
      false,
    );
    await api.hub.pool.query(
      `insert into payment_method_currency (method_id, type, currency) values ($1, 'TR', 978) on conflict do nothing`,
      [stripeMethod.id],
    );
    await api.hub.pool.query(
      `insert into transaction_exchange (transaction_id, currency, rate, market_rate, source, source_time, quoted_at, expires_at, fixed_at, amount)
       values ($1, 840, 1.107, 1.107, 'test', now(), now(), now() + interval '1 hour', now(), 11.07)`,
      [payout],
    );
    await api.hub.steering.beginMoney('payout', payout);
    await api.hub.reaches(payout, 'done');
    for (const amount of ['3.33', '7.77', '11.07'])
      expect(await told(payout, { amount })).toEqual({ outcome: 'returned' });
    expect(await client.balance()).toEqual({ balance: '50', held: '0' });
    expect(await moved(payout, 'house:exchange:EUR')).toBe('0');
    expect(await moved(payout, 'house:exchange:USD')).toBe('0');
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('was booked by a worker of before up to its first part: the next one is booked beside it', async () => {
    const { client, payout } = await transferred();
    // Its key and its content are what that one writes.
    await told(payout, { amount: '40' });
    const { content } = await api.hub.one<{ content: unknown }>(
      `select content from ledger_operation where key = 'transaction:' || $1::integer || ':return'`,
      [payout],
    );
    const clearing = `provider:${stripeMethod.connection}:clearing:USD`;
    expect(content).toEqual([{ do: 'post', from: clearing, to: `wallet:${client.wallet}`, amount: '40' }]);
    await told(payout, { amount: '100' });
    expect(await client.balance()).toEqual({ balance: '200', held: '0' });
  });
});

describe('a payout that came back, and nobody knows how much', () => {
  it('is put before a person, and again once the amount is told: he may have booked it', async () => {
    const { client, payout } = await transferred();
    expect(await told(payout, {})).toMatchObject({ why: expect.stringContaining('does not tell how much') });
    expect((await view(payout)).needsHuman).toContain('does not tell how much');
    expect(await told(payout, { amount: '100' })).toMatchObject({ why: expect.stringContaining('100 USD') });
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    await olga.call(`POST /transactions/${payout}/settle`, { comment: 'given back by correction 9' });
    expect(await told(payout, { amount: '100' })).toEqual({ outcome: 'nothing new' });
  });

  it('is not booked when a correction settles it already', async () => {
    const { client, payout } = await transferred();
    const correction = await olga.call(`POST /accounts/${client.wallet}/corrections`, {
      ...{ direction: 'toClient', amount: '100', against: { connectionId: stripeMethod.connection } },
      ...{ settles: payout, reason: 'it came back' },
    });
    expect(correction.status).toBe(201);
    const { transactionId } = correction.body;
    const { id } = await api.hub.openRequest(transactionId);
    await boris.call(`POST /applications/${id}/approve`);
    await api.hub.reaches(transactionId, 'done');
    expect(await told(payout, { amount: '100' })).toMatchObject({
      why: expect.stringContaining(`Corrections that settle it: ${transactionId}`),
    });
    expect(await client.balance()).toEqual({ balance: '200', held: '0' });
  });
});

describe('a payout that paid more than was ordered', () => {
  it('gives the client what he was charged for it when it comes back, and the rest to where it was taken from', async () => {
    const client = await api.hub.clientWith('200', 'USDT');
    const payout = await client.withdraw('100.05', { vendor_commission: '1' });
    await api.hub.reaches(payout, 'done');
    const suspense = Number(await moved(payout, 'house:suspense:USDT'));
    expect(suspense).toBeLessThan(0);
    const paid = String((await view(payout)).finalAmount);
    expect(await told(payout, { amount: paid })).toEqual({ outcome: 'returned' });
    expect(await client.balance()).toEqual({ balance: '199', held: '0' });
    expect(await moved(payout, 'house:suspense:USDT')).toBe('0');
    expect(await moved(payout, 'house:income:USDT')).toBe('1');
    expect(await api.hub.breaches()).toEqual([]);
  });

  it('is told to a person when more comes back than was paid, and that waits in suspense', async () => {
    const { client, payout } = await transferred();
    await told(payout, { amount: '110' });
    expect(await client.balance()).toEqual({ balance: '200', held: '0' });
    expect(await moved(payout, 'house:suspense:USD')).toBe('10');
    expect((await view(payout)).needsHuman).toContain('gave 110 USD back, of which 100 had been paid');
  });
});

describe('a payout of which the provider says something else than is booked', () => {
  it.each([
    ['pays after it came back whole', { state: 'returned', amount: '100' }, { state: 'succeeded', amount: '100' }],
    ['paid another amount', { state: 'succeeded', amount: '100' }, { state: 'succeeded', amount: '90' }],
    ['keeps a part of what it gave back', { state: 'returned', amount: '100' }, { state: 'returned', amount: '60' }],
    ['cancels the rest of what came back in part', { state: 'returned', amount: '40' }, { state: 'cancelled' }],
  ] as const)('is put before a person: it %s', async (_, first, then) => {
    const { payout } = await transferred();
    await told(payout, first);
    expect((await view(payout)).needsHuman).toBeNull();
    expect(await told(payout, then)).toMatchObject({ why: expect.stringContaining('Booked are 100 USD as paid') });
  });

  it('is nothing new when it tells what is left of it', async () => {
    const { payout } = await transferred();
    await told(payout, { amount: '40' });
    expect(await told(payout, { state: 'succeeded', amount: '60' })).toEqual({ outcome: 'returned' });
    expect(await told(payout, { state: 'processing' })).toEqual({ outcome: 'returned' });
  });
});
