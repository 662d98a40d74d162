/** Payments nobody asked for, in every order a provider may tell of them. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Arrival } from '../../adapters/kit/payments.ts';
import type { Tools } from '../../activities/kit/activity.ts';
import { bookReversals } from '../../activities/ledger/book-reversals.ts';
import { noteSettled } from '../../activities/payments/note-settled.ts';
import { registerArrivals } from '../../activities/payments/register-arrivals.ts';
import { closeTransaction } from '../../activities/transactions/close-transaction.ts';
import { ensureAddressRow } from '../../db/repositories/addresses.ts';
import { referenceFrom } from '../../domain/references.ts';
import { lendTools } from '../../worker/tools.ts';
import { eventually, type TestClient, TestHub } from '../kit/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await TestHub.start();
  await hub.approvals('deposit', 0);
});
afterAll(() => hub?.stop());

const tools = (): Tools => ({
  ...lendTools(hub.settings, hub.pool, hub.client, hub.timings),
  run: { workflowId: 'test', runId: '' },
  signal: new AbortController().signal,
});
const paymentOf = (over: Partial<Arrival> = {}): Arrival => ({
  id: `P${randomBytes(6).toString('hex')}`,
  state: 'succeeded',
  amount: '50',
  currencyCode: 2145,
  ...over,
});

/** A client's own address, as its provider gave it. */
const addressOf = async (client: TestClient) => {
  const { id: methodId, connection: connectionId } = await hub.methodId('usdt-address');
  const reference = referenceFrom(randomBytes(12));
  const row = { clientId: client.clientId, accountId: client.wallet, methodId, connectionId };
  const { addressId } = await ensureAddressRow(hub.pool, { ...row, currency: 2145, reference });
  return { addressId, reference, connectionId };
};

const placeOf = (deposit: number) =>
  hub.one<{ reference: string; connectionId: number }>(
    `select reference, connection_id as "connectionId" from money_transaction where transaction_id = $1`,
    [deposit],
  );

/** A page that ended unpaid. */
const expiredPage = async (client: TestClient) => {
  const deposit = await client.deposit('100.00');
  const page = await hub.providerId(deposit);
  await hub.sandbox('b2binpay').advance(page, 'expire');
  await hub.reaches(deposit, 'expired');
  return { deposit, page, ...(await placeOf(deposit)) };
};

const depositsOf = async ({ clientId }: TestClient): Promise<{ id: number; stage: string }[]> =>
  (
    await hub.pool.query<{ id: number; stage: string }>(
      `select transaction_id as id, stage from money_transaction where client_id = $1 order by 1`,
      [clientId],
    )
  ).rows;

const tell = ({ reference, connectionId }: { reference: string; connectionId: number }): Promise<void> =>
  hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'news' });

describe('a payment that was called failed', () => {
  it('is credited when it comes to its address after all', async () => {
    const b2binpay = hub.sandbox('b2binpay');
    const client = await hub.clientWith('0', 'USDT');
    const address = await addressOf(client);
    await hub.steering.depositAddress(address.addressId);
    const { id } = await hub.one<{ id: string }>(`select provider_id as id from deposit_address where id = $1`, [
      address.addressId,
    ]);
    await b2binpay.pay(id, { amount: '50', confirmations: 0 });
    await tell(address);
    const first = (await eventually(async () => (await depositsOf(client))[0], 'the payment')).id;
    await b2binpay.advance(id, 'transfer:-1');
    await hub.reaches(first, 'failed');
    await tell(address);
    await hub.ends(`arrivals:${address.reference}`);
    expect(await depositsOf(client)).toHaveLength(1);

    await b2binpay.advance(id, 'transfer:2');
    await tell(address);
    const second = (await eventually(async () => (await depositsOf(client))[1], 'the payment once more')).id;
    await hub.reaches(second, 'done');
    await tell(address);
    await hub.ends(`arrivals:${address.reference}`);
    expect(await depositsOf(client)).toEqual([
      { id: first, stage: 'failed' },
      { id: second, stage: 'done' },
    ]);
    expect(await client.balance()).toEqual({ balance: '50', held: '0' });
  });

  it('makes no deposit, so that it can still become one', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const { deposit, reference } = await expiredPage(client);
    const payment = paymentOf({ state: 'failed' });
    const told = (state: Arrival['state']) =>
      registerArrivals({ reference, arrivals: [{ ...payment, state }] }, tools());
    expect(await told('failed')).toMatchObject({ created: [], odd: [] });
    expect(await depositsOf(client)).toHaveLength(1);
    const { created } = await told('succeeded');
    expect((await depositsOf(client)).map(({ id }) => id)).toEqual([deposit, ...created]);
    expect(created).toHaveLength(1);
  });
});

it("payments of a reference that is nobody's are asked about, but not those that failed", async () => {
  const [there, failed] = [paymentOf(), paymentOf({ state: 'failed' })];
  const told = (...arrivals: Arrival[]) => registerArrivals({ reference: 'nobody', arrivals }, tools());
  expect((await told(there, failed)).toSettle).toEqual([`payment:${there.id}`]);
  expect(await told(failed)).toEqual({ created: [], odd: [], toSettle: [] });
});

it('a payment that is there although its deposit failed is put before a person', async () => {
  const client = await hub.clientWith('0', 'USDT');
  const { reference } = await addressOf(client);
  const arrivals = [paymentOf()];
  const { created } = await registerArrivals({ reference, arrivals }, tools());
  const [transactionId] = created as [number];
  const why = { reason: 'restricted', issue: 'The account takes no deposits.', resolutionId: null };
  await closeTransaction({ transactionId, stage: 'failed', ...why }, tools());
  const { odd } = await registerArrivals({ reference, arrivals }, tools());
  expect(odd).toEqual([
    expect.stringContaining(`payment ${arrivals[0]!.id} of 50, whose deposit ${transactionId} ended as failed`),
  ]);
});

describe('a payment that an operator rejected', () => {
  /** Looks as the sweep does when its hour has come, and waits for the run. */
  const look = async (deposit: number, reference: string): Promise<void> => {
    await hub.pool.query(`update money_transaction set next_look = now() where transaction_id = $1`, [deposit]);
    await hub.client.workflow.execute('sweep', { workflowId: `sweep-${deposit}`, taskQueue: 'hub' });
    await hub.ends(`arrivals:${reference}`);
  };

  it('is not put before operators again', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    const page = await hub.providerId(deposit);
    await hub.sandbox('b2binpay').pay(page, { amount: '60' });
    await hub.reaches(deposit, 'review');
    await hub.decide(deposit, await hub.operator(), 'reject', { comment: 'sent back' });
    await hub.reaches(deposit, 'rejected');
    const { reference } = await placeOf(deposit);
    await look(deposit, reference);
    expect(await depositsOf(client)).toEqual([{ id: deposit, stage: 'rejected' }]);

    await hub.sandbox('b2binpay').pay(page, { amount: '40' });
    await look(deposit, reference);
    expect(await depositsOf(client)).toEqual([
      { id: deposit, stage: 'rejected' },
      { id: expect.any(Number), stage: expect.any(String) },
    ]);
  });

  it('is no news when the provider gives it back as he wanted', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const { reference, connectionId } = await addressOf(client);
    const payment = paymentOf();
    const { created } = await registerArrivals({ reference, arrivals: [payment] }, tools());
    const why = { reason: 'rejected', issue: 'no', resolutionId: null, payments: [payment.id] };
    await closeTransaction({ transactionId: created[0]!, stage: 'rejected', ...why }, tools());
    const refund = { id: 'R1', kind: 'refund', state: 'done', amount: '50', paymentId: payment.id } as const;
    for (const arrivals of [[], [payment]])
      expect(await bookReversals({ reference, connectionId, arrivals, reversals: [refund] }, tools())).toMatchObject({
        odd: [],
      });
    const failed: Arrival = { ...payment, state: 'failed' };
    expect(await bookReversals({ reference, connectionId, arrivals: [failed], reversals: [] }, tools())).toMatchObject({
      odd: [],
    });
  });
});

describe('a payment that cannot become a deposit', () => {
  const inAnotherCurrency = async () => {
    const client = await hub.clientWith('0', 'USDT');
    const late = await expiredPage(client);
    await hub.pool.query(`update money_transaction set currency = 840 where transaction_id = $1`, [late.deposit]);
    await hub.sandbox('b2binpay').pay(late.page, {});
    return { client, ...late, run: `arrivals:${late.reference}` };
  };
  const status = async (run: string) => (await hub.handle(run).describe()).status.name;
  const waits = (run: string) =>
    eventually(
      async () => (await hub.handle(run).describe()).searchAttributes['HubNeedsHuman']?.[0] === true,
      'a person to be asked',
    );

  it('is asked about until the run is cancelled, and never again', async () => {
    const { client, deposit, run, ...late } = await inAnotherCurrency();
    await tell(late);
    await waits(run);
    await hub.handle(run).terminate('not settled');
    await tell(late);
    await waits(run);
    await hub.handle(run).cancel();
    await eventually(async () => (await status(run)) === 'CANCELLED', 'the run to end');
    expect((await hub.handle(run).describe()).searchAttributes).toMatchObject({
      ...{ HubNeedsHuman: [false], HubClient: [`client-${client.clientId}`] },
    });
    await tell(late);
    await hub.ends(run);
    expect(await depositsOf(client)).toEqual([{ id: deposit, stage: 'expired' }]);

    // It was settled by hand: whatever the provider tells later, it is not credited once more.
    await hub.pool.query(`update money_transaction set currency = 2145 where transaction_id = $1`, [deposit]);
    await tell(late);
    await hub.ends(run);
    expect(await depositsOf(client)).toHaveLength(1);
  });

  it('counts as settled when its run is cancelled while the provider is asked for more', async () => {
    const { run, ...late } = await inAnotherCurrency();
    await tell(late);
    await waits(run);
    const away = hub.sandbox('b2binpay').fault({ match: { method: 'GET' }, kind: 'http_500', times: 1_000 });
    await tell(late);
    await eventually(async () => away.hit > 0, 'the provider to be asked');
    await hub.handle(run).cancel();
    await eventually(async () => (await status(run)) === 'CANCELLED', 'the run to end');
    hub.sandbox('b2binpay').faults.clear();
    const { rows } = await hub.pool.query(`select what from settled_payment where reference = $1`, [late.reference]);
    expect(rows).toHaveLength(1);
  });

  it('is asked about although another one was settled before', async () => {
    const { run, ...late } = await inAnotherCurrency();
    await tell(late);
    await waits(run);
    await hub.handle(run).cancel();
    await eventually(async () => (await status(run)) === 'CANCELLED', 'the run to end');
    await hub.sandbox('b2binpay').pay(late.page, { amount: '7' });
    await tell(late);
    await waits(run);
    await hub.handle(run).cancel();
  });

  describe('and goes back after somebody settled it by hand', () => {
    const payment = paymentOf();
    const takenBack = (id: string, kind: 'dispute' | 'refund') => [
      { id, kind, state: 'open', amount: '50', paymentId: payment.id } as const,
    ];
    it.each([
      ['is listed as it was', [payment], takenBack('dp_1', 'dispute'), 'dispute:dp_1'],
      ['is called failed, and nothing else', [{ ...payment, state: 'failed' }], [], `return:payment:${payment.id}`],
      ['is not listed any more', [], takenBack('R2', 'refund'), 'refund:R2'],
    ] as const)('is news, once, when it %s', async (_how, arrivals, reversals, named) => {
      const { reference, connectionId } = await addressOf(await hub.clientWith('0', 'USDT'));
      await noteSettled({ reference, what: [`payment:${payment.id}`] }, tools());
      const seen = { reference, connectionId, arrivals: [...arrivals], reversals: [...reversals] };
      const { odd, toSettle } = await bookReversals(seen, tools());
      expect([odd, toSettle]).toEqual([[expect.stringContaining(`took back 50 of payment ${payment.id}`)], [named]]);
      await noteSettled({ reference, what: toSettle! }, tools());
      expect(await bookReversals(seen, tools())).toEqual({ odd: [], toSettle: [] });
    });
  });

  it('and goes back while a person is still asked about it is shown to him, because he may have settled it already', async () => {
    const { client, run, ...late } = await inAnotherCurrency();
    await tell(late);
    await waits(run);
    await hub.sandbox('b2binpay').advance(late.page, 'transfer:-1');
    await tell(late);
    await eventually(
      async () => JSON.stringify(await hub.handle(run).query('__temporal_workflow_metadata')).includes('took back'),
      'the person to be shown that it went back',
    );
    await hub.handle(run).cancel();
    await eventually(async () => (await status(run)) === 'CANCELLED', 'the run to end');
    await tell(late);
    await hub.ends(run);
    expect(await depositsOf(client)).toHaveLength(1);
  });

  it('is not asked about when it is less than the books can hold, and is noted once', async () => {
    const { addressId, reference, connectionId } = await addressOf(await hub.clientWith('0', 'USDT'));
    const dust = paymentOf({ amount: '0.0000001' });
    const nothing = { created: [], odd: [], toSettle: [] };
    for (let times = 0; times < 2; times++)
      expect(await registerArrivals({ reference, arrivals: [dust] }, tools())).toEqual(nothing);
    const failed = { reference, connectionId, arrivals: [{ ...dust, state: 'failed' as const }], reversals: [] };
    expect(await bookReversals(failed, tools())).toEqual({ odd: [], toSettle: [] });
    const { rows } = await hub.pool.query(`select after from audit where action = 'deposit.dust' and object = $1`, [
      `deposit-address:${addressId}`,
    ]);
    expect(rows).toEqual([{ after: { payment: dust.id, amount: '0.0000001' } }]);
  });
});

describe('a run that asks a person about a busy address', () => {
  it('begins anew before its history is too long, asks on, and still knows what whoever cancels it has settled', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), {});
    await hub.reaches(deposit, 'done');
    await hub.sandbox('b2binpay').advance(await hub.providerId(deposit), 'transfer:0');
    const { reference, connectionId } = await placeOf(deposit);
    const run = `arrivals:${reference}`;
    const tell = () => hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'something' });
    const asks = () =>
      eventually(async () => {
        const { status, searchAttributes } = await hub.handle(run).describe();
        return status.name === 'RUNNING' && searchAttributes['HubNeedsHuman']?.[0] === true;
      }, 'a person to be asked');
    await hub.pause();
    // More than Temporal wants to see in one history.
    const long = Number(process.env['HUB_TEST_LONG_HISTORY'] ?? 4_096);
    for (let n = 0; n < long / 100 + 1; n++) await Promise.all(Array.from({ length: 100 }, tell));
    const { runId } = await hub.handle(run).describe();
    await hub.resume();
    await asks();
    expect((await hub.handle(run).describe()).runId).toBe(runId);
    await tell();
    await eventually(async () => (await hub.handle(run).describe()).runId !== runId, 'it to begin anew');
    await asks();
    const settled = () =>
      hub.pool.query(`select from settled_payment where reference = $1 and what like 'unconfirmed:%'`, [reference]);
    expect((await settled()).rowCount).toBe(0);
    await hub.handle(run).cancel();
    await eventually(async () => (await settled()).rowCount === 1, 'it to be settled');
  });
});
