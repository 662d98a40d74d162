/** Payments nobody asked for, in every order a provider may tell of them. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Arrival } from '../../adapters/kit/payments.ts';
import type { Tools } from '../../activities/kit/activity.ts';
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

/** A page that ended unpaid. */
const expiredPage = async (client: TestClient) => {
  const deposit = await client.deposit('100.00');
  const row = () =>
    hub.one<{ page: string | null; reference: string; connectionId: number }>(
      `select provider_id as page, reference, connection_id as "connectionId" from money_transaction where transaction_id = $1`,
      [deposit],
    );
  const page = await eventually(async () => (await row()).page, 'the page');
  await hub.sandbox('b2binpay').advance(page, 'expire');
  await hub.reaches(deposit, 'expired');
  return { deposit, ...(await row()), page };
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
    expect(await told('failed')).toEqual({ created: [], odd: [] });
    expect(await depositsOf(client)).toHaveLength(1);
    const { created } = await told('succeeded');
    expect((await depositsOf(client)).map(({ id }) => id)).toEqual([deposit, ...created]);
    expect(created).toHaveLength(1);
  });
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
