import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Arrival, Reversal } from '../../adapters/kit/payments.ts';
import type { Tools } from '../../activities/kit/activity.ts';
import { bookReversals } from '../../activities/ledger/book-reversals.ts';
import { ensureAddressRow } from '../../db/repositories/addresses.ts';
import { referenceFrom } from '../../domain/references.ts';
import { eventually, TestHub } from '../kit/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await TestHub.start();
});
afterAll(() => hub?.stop());

interface Standing {
  reference: string;
  connectionId: number;
  /** What its provider called the payment. */
  paymentId: string;
  commission: string;
}

const standing = (deposit: number): Promise<Standing> =>
  hub.one<Standing>(
    `select reference, connection_id as "connectionId", provider_data -> 'credited' ->> 0 as "paymentId", trim_scale(provider_commission)::text as commission
       from money_transaction where transaction_id = $1`,
    [deposit],
  );

const paidDeposit = async (amount: string): Promise<number> => {
  const deposit = await (await hub.clientWith('0', 'USDT')).deposit(amount);
  await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), {});
  await hub.reaches(deposit, 'done');
  return deposit;
};

/** What our books say the provider has of us, and what it charged for these deposits. */
const books = async (...deposits: number[]): Promise<{ charged: number; owes: number }> => {
  const { rows } = await hub.pool.query<{ kind: string; moved: string }>(
    `select l.kind, sum(case when l.id = x.from_account then x.amount else -x.amount end)::text as moved
       from ledger_transfer x join ledger_account l on l.id in (x.from_account, x.to_account)
      where l.kind in ('fees', 'clearing') and split_part(x.operation_key, ':', 2) = any($1) and x.operation_key like 'transaction:%' group by l.kind`,
    [deposits.map(String)],
  );
  const moved = (kind: string) => Number(rows.find((row) => row.kind === kind)?.moved ?? 0);
  return { charged: moved('fees'), owes: moved('clearing') };
};

/** Tells of the payment what a later look would. */
const told = async (
  deposit: number,
  { fee, reversals = [] }: { fee?: string; reversals?: Reversal[] },
): Promise<void> => {
  const { reference, connectionId, paymentId } = await standing(deposit);
  const arrival: Arrival = {
    id: paymentId,
    state: 'succeeded',
    amount: '100',
    currencyCode: 2145,
    ...(fee && { fee }),
  };
  const tools = { pool: hub.pool, run: { workflowId: `arrivals:${reference}`, runId: '' } } as Tools;
  await bookReversals({ reference, connectionId, arrivals: [arrival], reversals }, tools);
};

describe('what a provider keeps of a deposit', () => {
  it('is charged to the broker when it is credited: the client gets all, the provider owes the rest', async () => {
    const deposit = await paidDeposit('100.00');
    expect(await books(deposit)).toEqual({ charged: 0.4, owes: 99.6 });
    expect((await standing(deposit)).commission).toBe('0.4');
    expect(await hub.breaches()).toEqual([]);
  });

  it('is booked once, however often it is told', async () => {
    const deposit = await paidDeposit('100.00');
    await Promise.all(Array.from({ length: 4 }, () => told(deposit, { fee: '0.4' })));
    expect(await books(deposit)).toEqual({ charged: 0.4, owes: 99.6 });
  });

  it('follows the provider when it says otherwise later, also back to what it said before', async () => {
    const deposit = await paidDeposit('100.00');
    for (const fee of ['0.5', '0.4', '0.5', '0']) {
      await told(deposit, { fee });
      await told(deposit, {}); // one look that tells none changes nothing
      expect((await books(deposit)).charged).toBe(Number(fee));
      expect((await standing(deposit)).commission).toBe(fee);
    }
    expect(await hub.breaches()).toEqual([]);
  });

  it('is told with every payment to an address, and each is charged to its own deposit', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const { id: methodId, connection: connectionId } = await hub.methodId('usdt-address');
    const reference = referenceFrom(randomBytes(12));
    const owner = { clientId: client.clientId, accountId: client.wallet, methodId, connectionId };
    const { addressId } = await ensureAddressRow(hub.pool, { ...owner, currency: 2145, reference });
    await hub.steering.depositAddress(addressId);
    const { id } = await hub.one<{ id: string }>(`select provider_id as id from deposit_address where id = $1`, [
      addressId,
    ]);
    for (const amount of ['100', '50']) await hub.sandbox('b2binpay').pay(id, { amount });
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'news' });
    const deposits = await eventually(async () => {
      const { rows } = await hub.pool.query<{ id: number }>(
        `select transaction_id as id from money_transaction where provider_data ->> 'arrivalOf' = $1 and stage = 'done' order by amount desc`,
        [reference],
      );
      return rows.length === 2 ? rows.map(({ id }) => id) : null;
    }, 'both payments to be credited');
    expect(await Promise.all(deposits.map((one) => books(one)))).toEqual([
      { charged: 0.4, owes: 99.6 },
      { charged: 0.2, owes: 49.8 },
    ]);
  });

  it('is nothing of what failed after all: what the provider owes is what it was before', async () => {
    const deposit = await paidDeposit('100.00');
    const { reference, connectionId } = await standing(deposit);
    await hub.sandbox('b2binpay').advance(await hub.providerId(deposit), 'transfer:-1');
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'transfer -1' });
    await hub.reaches(deposit, 'returned');
    await eventually(async () => (await books(deposit)).charged === 0, 'the commission to be given back');
  });

  it('for a dispute is charged to the broker, not to the client, and stays when the dispute is won', async () => {
    const deposit = await paidDeposit('100.00');
    const dispute = (state: Reversal['state']): Reversal => ({
      id: `dispute:fee:${deposit}`,
      kind: 'dispute',
      state,
      amount: '100',
      fee: '15',
    });
    await told(deposit, { reversals: [dispute('open')] });
    expect((await books(deposit)).charged).toBe(15.4);
    await told(deposit, { reversals: [dispute('undone')] });
    expect((await books(deposit)).charged).toBe(15.4);
    expect((await standing(deposit)).commission).toBe('15.4');
    expect(await hub.breaches()).toEqual([]);
  });
});
