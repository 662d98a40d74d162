import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Reversal } from '../../adapters/kit/payments.ts';
import type { Tools } from '../../activities/kit/activity.ts';
import { bookReversals } from '../../activities/ledger/book-reversals.ts';
import { inTransaction } from '../../db/pool.ts';
import { post } from '../../db/repositories/ledger.ts';
import { creditedDeposits, keepReversal, noteBooked } from '../../db/repositories/reversals.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { eventually, type TestClient, TestHub } from '../kit/hub.ts';
import { meanwhile } from '../kit/meanwhile.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await TestHub.start();
});
afterAll(() => hub?.stop());

interface Paid {
  client: TestClient;
  deposit: number;
  /** The provider's id of the deposit. */
  id: string;
  /** Tells the hub that there is news and waits until it was looked into. */
  told: () => Promise<void>;
}

const paidDeposit = async (amount = '100.00'): Promise<Paid> => {
  const client = await hub.clientWith('0', 'USDT');
  const deposit = await client.deposit(amount);
  const id = await hub.providerId(deposit);
  await hub.sandbox('b2binpay').pay(id, {});
  await hub.reaches(deposit, 'done');
  const { reference, connectionId } = await hub.one<{ reference: string; connectionId: number }>(
    `select reference, connection_id as "connectionId" from money_transaction where transaction_id = $1`,
    [deposit],
  );
  const told = async () => {
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'transfer -1' });
    await eventually(async () => {
      const { status } = await hub.handle(`arrivals:${reference}`).describe();
      return status.name === 'COMPLETED' || (await short(deposit)) !== null;
    }, 'the news to be looked into');
  };
  return { client, deposit, id, told };
};

const short = async (deposit: number): Promise<string | null> =>
  (
    await hub.one<{ needs_human: string | null }>(
      `select needs_human from money_transaction where transaction_id = $1`,
      [deposit],
    )
  ).needs_human;

/** Tells the books what the provider took back of a deposit, without asking it. */
const books = async (deposit: number) => {
  const { reference, connectionId } = await hub.one<{ reference: string; connectionId: number }>(
    `select reference, connection_id as "connectionId" from money_transaction where transaction_id = $1`,
    [deposit],
  );
  const tools = { pool: hub.pool, run: { workflowId: `arrivals:${reference}`, runId: '' } } as Tools;
  return (...reversals: Reversal[]) => bookReversals({ reference, connectionId, arrivals: [], reversals }, tools);
};
const reversal = (id: string, kind: 'refund' | 'dispute', state: Reversal['state'], amount = '100'): Reversal => ({
  id: `${kind}:${id}`,
  kind,
  state,
  amount,
});

const suspense = async (): Promise<string> =>
  (
    await hub.pool.query<{ balance: string }>(
      `select trim_scale(balance)::text as balance from ledger_account where code = 'house:suspense:USDT'`,
    )
  ).rows[0]?.balance ?? '0';

describe('a deposit that is taken back after it was credited', () => {
  it('leaves the wallet again, once, however often it is told', async () => {
    const { client, deposit, id, told } = await paidDeposit();
    await hub.sandbox('b2binpay').advance(id, 'transfer:-1');
    await told();
    await hub.reaches(deposit, 'returned');
    await told();
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
    expect(await hub.breaches()).toEqual([]);
  });

  it('is owed by the client as far as his wallet does not cover it, and a person is told', async () => {
    const before = Number(await suspense());
    const { client, deposit, id, told } = await paidDeposit();
    await post(hub.pool, `test:spent:${deposit}`, [
      { do: 'post', from: walletCode(client.wallet), to: 'house:income:USDT', amount: '70' },
    ]);
    await hub.sandbox('b2binpay').advance(id, 'transfer:-1');
    await told();
    await hub.reaches(deposit, 'returned');
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
    expect(Number(await suspense()) - before).toBe(-70);
    expect(await short(deposit)).toContain("70 of it the client's wallet did not cover");
    expect(await hub.breaches()).toEqual([]);
  });

  it('costs the client what he got and the broker his commission, also when it goes back in parts', async () => {
    const takenOf = async (...parts: string[]) => {
      const client = await hub.clientWith('0', 'USDT');
      const deposit = await client.deposit('100.00', { vendor_commission: '2' });
      await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), {});
      await hub.reaches(deposit, 'done');
      await post(hub.pool, `test:spent:${deposit}`, [
        { do: 'post', from: walletCode(client.wallet), to: 'house:income:USDT', amount: '98' },
      ]);
      const take = await books(deposit);
      const reversals = parts.map((amount, i) => reversal(`${deposit}-${i}`, 'refund', 'done', amount));
      for (const n of reversals.keys()) await take(...reversals.slice(0, n + 1));
      return hub.one(
        `select trim_scale(sum(from_client))::text as client, trim_scale(sum(from_income))::text as income, trim_scale(sum(from_suspense))::text as owed
           from deposit_reversal where transaction_id = $1`,
        [deposit],
      );
    };
    expect(await takenOf('100')).toEqual({ client: '0', income: '2', owed: '98' });
    expect(await takenOf('60', '40')).toEqual({ client: '0', income: '2', owed: '98' });
  });

  it('stays with a person who was told what is owed, whatever else the provider tells, until he has settled it', async () => {
    const { client, deposit, id, told } = await paidDeposit();
    await post(hub.pool, `test:spent:${deposit}`, [
      { do: 'post', from: walletCode(client.wallet), to: 'house:income:USDT', amount: '70' },
    ]);
    await hub.sandbox('b2binpay').advance(id, 'transfer:-1');
    await told();
    const { reference } = await hub.one<{ reference: string }>(
      `select reference from money_transaction where transaction_id = $1`,
      [deposit],
    );
    const run = hub.handle(`arrivals:${reference}`);
    const looks = async () =>
      ((await run.fetchHistory()).events ?? []).filter(
        ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'findArrivals',
      ).length;
    const before = await looks();
    await told();
    await eventually(async () => (await looks()) > before, 'another look');
    await hub.rests(`arrivals:${reference}`);
    await sleep(2_500); // longer than a run without a question stays
    const { status, searchAttributes } = await run.describe();
    expect([status.name, searchAttributes['HubNeedsHuman']]).toEqual(['RUNNING', [true]]);
    await run.cancel();
    await eventually(async () => (await run.describe()).status.name === 'CANCELLED', 'the run to end');
  });

  it('is credited again when the provider gives it back after all', async () => {
    const { client, deposit, id, told } = await paidDeposit();
    await hub.sandbox('b2binpay').advance(id, 'transfer:-1');
    await told();
    await hub.reaches(deposit, 'returned');
    await hub.sandbox('b2binpay').advance(id, 'transfer:2');
    await told();
    await eventually(async () => (await client.balance()).balance === '100', 'the money to be back');
    expect(await short(deposit)).toContain('gave the money back after all');
    expect(await hub.breaches()).toEqual([]);
  });

  it('counts what somebody else has just taken of it, also when it had to wait for him', async () => {
    const { deposit } = await paidDeposit();
    const { reference, connection_id: connectionId } = await hub.one<{ reference: string; connection_id: number }>(
      `select reference, connection_id from money_transaction where transaction_id = $1`,
      [deposit],
    );
    const dispute = { id: 'dispute-1', kind: 'dispute', state: 'done', amount: '40' };
    const [seen] = await meanwhile(
      hub.pool,
      async (db) => {
        await creditedDeposits(db, reference);
        const { id } = await keepReversal(db, deposit, connectionId, dispute);
        await noteBooked(db, id, true, { fromClient: '40', fromIncome: '0', fromSuspense: '0' });
      },
      () => inTransaction(hub.pool, (db) => creditedDeposits(db, reference)),
    );
    expect(seen).toMatchObject({ transactionId: deposit, taken: '40', takenFromClient: '40' });
    await hub.pool.query(`delete from deposit_reversal where transaction_id = $1`, [deposit]);
  });

  it('is left alone when it was another payment that went back, which is credited later', async () => {
    const { client, deposit, id, told } = await paidDeposit();
    await hub.sandbox('b2binpay').pay(id, { amount: '40.00' });
    await told();
    const second = await hub.one<{ id: number; arrival: string; reference: string; connectionId: number }>(
      `select t.transaction_id as id, t.arrival, first.reference, t.connection_id as "connectionId"
         from money_transaction t join money_transaction first on first.transaction_id = t.parent_id where t.parent_id = $1`,
      [deposit],
    );
    await hub.reaches(second.id, 'review');
    const { reference, connectionId } = second;
    const dispute = { id: 'dispute-2', kind: 'dispute', state: 'done', amount: '40' } as const;
    const reversals = [{ ...dispute, paymentId: second.arrival.split(':')[1]! }];
    const tools = { pool: hub.pool, run: { workflowId: `arrivals:${reference}`, runId: '' } } as Tools;
    const takenBack = () => bookReversals({ reference, connectionId, arrivals: [], reversals }, tools);
    await takenBack();
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });

    await hub.decide(second.id, await hub.operator(), 'approve');
    await hub.reaches(second.id, 'done');
    const { due } = await hub.one<{ due: boolean }>(
      `select next_look <= now() as due from money_transaction where transaction_id = $1`,
      [deposit],
    );
    expect(due).toBe(true);
    await takenBack();
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect([await hub.stage(deposit), await hub.stage(second.id)]).toEqual(['done', 'returned']);
    expect(await hub.breaches()).toEqual([]);
  });

  it('of a payment that nobody knows is taken from nobody, and a person is told', async () => {
    const { client, deposit } = await paidDeposit();
    const { reference, connection_id: connectionId } = await hub.one<{ reference: string; connection_id: number }>(
      `select reference, connection_id from money_transaction where transaction_id = $1`,
      [deposit],
    );
    const tools = { pool: hub.pool, run: { workflowId: `arrivals:${reference}`, runId: '' } } as Tools;
    const dispute = { id: 'dispute-3', kind: 'dispute', state: 'done', amount: '40', paymentId: 'another' } as const;
    const { odd } = await bookReversals({ reference, connectionId, arrivals: [], reversals: [dispute] }, tools);
    expect(odd).toEqual([
      `The provider took back 40 of payment another of ${reference} (dispute), and no deposit was credited with it`,
    ]);
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('is lost to its client once when a refund and a dispute that was won are seen in one look', async () => {
    const before = Number(await suspense());
    const { client, deposit } = await paidDeposit();
    const book = await books(deposit);
    await book(reversal('w1', 'dispute', 'open'));
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
    const { odd } = await book(reversal('w1', 'refund', 'done'), reversal('w1', 'dispute', 'undone'));
    expect(odd).toEqual([]);
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
    expect(Number(await suspense())).toBe(before);
    expect(await hub.stage(deposit)).toBe('returned');
    expect(await hub.breaches()).toEqual([]);
  });

  it('counts as taken back once it is gone for good, also when it was open before', async () => {
    const { deposit } = await paidDeposit();
    const book = await books(deposit);
    await book(reversal('o1', 'dispute', 'open'));
    expect(await hub.stage(deposit)).toBe('done');
    await book(reversal('o1', 'dispute', 'done'));
    expect(await hub.stage(deposit)).toBe('returned');
  });

  it('does not count as taken back while a part of it may still return', async () => {
    const { client, deposit } = await paidDeposit();
    const book = await books(deposit);
    await book(reversal('p1', 'dispute', 'open', '60'), reversal('p1', 'refund', 'done', '40'));
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
    expect(await hub.stage(deposit)).toBe('done');
  });

  it('is still owed, and a person still told so, when something else that is taken back is covered', async () => {
    const { client, deposit } = await paidDeposit();
    const wallet = walletCode(client.wallet);
    const book = await books(deposit);
    const income = 'house:income:USDT';
    await post(hub.pool, `test:spent:${deposit}`, [{ do: 'post', from: wallet, to: income, amount: '70' }]);
    await book(reversal('q1', 'dispute', 'open', '60'));
    await post(hub.pool, `test:earned:${deposit}`, [{ do: 'post', from: income, to: wallet, amount: '40' }]);
    expect((await book(reversal('q2', 'refund', 'done', '40'))).odd).toEqual([await short(deposit)]);
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
    expect(await short(deposit)).toContain("30 of it the client's wallet did not cover");
  });

  it('is not owed any more when all of it comes back, and a person is told', async () => {
    const before = Number(await suspense());
    const { client, deposit } = await paidDeposit();
    await post(hub.pool, `test:spent:${deposit}`, [
      { do: 'post', from: walletCode(client.wallet), to: 'house:income:USDT', amount: '70' },
    ]);
    const book = await books(deposit);
    await book(reversal('u1', 'dispute', 'open', '100'));
    expect(await short(deposit)).toContain("70 of it the client's wallet did not cover");
    const { odd } = await book(reversal('u1', 'dispute', 'undone', '100'));
    expect(odd).toEqual([
      `The provider gave back 100 USDT of deposit ${deposit} (dispute); the 70 that the client's wallet had not covered are not owed any more`,
    ]);
    expect([await short(deposit), await hub.stage(deposit)]).toEqual([odd[0], 'done']);
    expect([await client.balance(), Number(await suspense())]).toEqual([{ balance: '30', held: '0' }, before]);
    expect((await book(reversal('u1', 'dispute', 'undone', '100'))).odd).toEqual(odd);
    expect(await hub.breaches()).toEqual([]);
  });

  it('is still owed as far as something else was taken back that is not covered either', async () => {
    const { client, deposit } = await paidDeposit();
    await post(hub.pool, `test:spent:${deposit}`, [
      { do: 'post', from: walletCode(client.wallet), to: 'house:income:USDT', amount: '90' },
    ]);
    const book = await books(deposit);
    await book(reversal('v1', 'dispute', 'open', '60'), reversal('v1', 'refund', 'done', '40'));
    const { odd } = await book(reversal('v1', 'dispute', 'undone', '60'));
    expect(odd).toEqual([expect.stringMatching(/the 50 .* are not owed any more, 40 of what else .* still are$/)]);
    expect(await short(deposit)).toBe(odd[0]);
  });

  describe('and of which the provider kept another amount than it had said', () => {
    it('costs the client and the books what was kept, and a person is told that less is owed', async () => {
      const before = Number(await suspense());
      const { client, deposit } = await paidDeposit();
      const book = await books(deposit);
      const refund = reversal('a1', 'refund', 'done', '30');
      await book(refund, reversal('a1', 'dispute', 'open', '100'));
      expect(Number(await suspense()) - before).toBe(-30);
      const lost = reversal('a1', 'dispute', 'done', '70');
      const { odd } = await book(refund, lost);
      expect(await client.balance()).toEqual({ balance: '0', held: '0' });
      expect(Number(await suspense())).toBe(before);
      expect(await hub.stage(deposit)).toBe('returned');
      expect(odd).toEqual([expect.stringContaining(`took back 70 USDT of deposit ${deposit} (dispute), not 100`)]);
      expect(await short(deposit)).toBe(odd[0]);
      expect((await book(refund, lost)).odd).toEqual(odd);
      expect(await hub.breaches()).toEqual([]);
    });

    it('pays what else is taken in the same look from what came back', async () => {
      const before = Number(await suspense());
      const { client, deposit } = await paidDeposit();
      const book = await books(deposit);
      await book(reversal('b1', 'dispute', 'open', '100'));
      const seen = [reversal('b1', 'refund', 'done', '30'), reversal('b1', 'dispute', 'done', '70')];
      expect(await book(...seen)).toMatchObject({ odd: [] });
      expect(await client.balance()).toEqual({ balance: '0', held: '0' });
      expect(Number(await suspense())).toBe(before);
      expect(await hub.breaches()).toEqual([]);
    });

    it('is taken up to what it is now, also when that is more', async () => {
      const { client, deposit } = await paidDeposit();
      const book = await books(deposit);
      await book(reversal('c1', 'dispute', 'open', '60'));
      expect(await client.balance()).toEqual({ balance: '40', held: '0' });
      await book(reversal('c1', 'dispute', 'open', '90'));
      expect(await client.balance()).toEqual({ balance: '10', held: '0' });
      await book(reversal('c1', 'dispute', 'undone', '90'));
      expect(await client.balance()).toEqual({ balance: '100', held: '0' });
      expect(await hub.breaches()).toEqual([]);
    });
  });

  it('is found by looking when the callback was lost', async () => {
    const { client, deposit, id } = await paidDeposit();
    await hub.sandbox('b2binpay').advance(id, 'transfer:-1');
    await hub.pool.query(`update money_transaction set next_look = now() where transaction_id = $1`, [deposit]);
    await hub.client.workflow.execute('sweep', { workflowId: 'sweep-reversal', taskQueue: 'hub' });
    await hub.reaches(deposit, 'returned');
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
  });
});
