/** An attempt whose worker died right after its work was committed is made again: by then more may have happened. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { activateAccount } from '../../activities/accounts/activate-account.ts';
import { failAccount } from '../../activities/accounts/fail-account.ts';
import type { Activity, Tools } from '../../activities/kit/activity.ts';
import { bookAftermath } from '../../activities/ledger/book-aftermath.ts';
import { bookDeposit } from '../../activities/ledger/book-deposit.ts';
import { bookPayout } from '../../activities/ledger/book-payout.ts';
import { bookReversals } from '../../activities/ledger/book-reversals.ts';
import { bookTransfer } from '../../activities/ledger/book-transfer.ts';
import { holdFunds } from '../../activities/ledger/hold-funds.ts';
import { releaseHold } from '../../activities/ledger/release-hold.ts';
import { lookForPayments } from '../../activities/ops/look-for-payments.ts';
import { openRequest } from '../../activities/requests/open-request.ts';
import { closeTransaction } from '../../activities/transactions/close-transaction.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { lendTools } from '../../worker/tools.ts';
import { TestHub } from '../kit/hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await TestHub.start();
});
afterAll(() => hub?.stop());

const run = <In, Out>(activity: Activity<In, Out>, input: In, more: Partial<Tools> = {}): Promise<Out> => {
  const tools = { ...lendTools(hub.settings, hub.pool, hub.client, hub.timings), ...more };
  return activity(input, { ...tools, run: { workflowId: 'again', runId: '' }, signal: new AbortController().signal });
};
const standing = async (transactionId: number) => {
  const { stage, why } = await hub.one<{ stage: string; why: string | null }>(
    `select stage, needs_human as why from money_transaction where transaction_id = $1`,
    [transactionId],
  );
  return [stage, why];
};
const audited = async (transactionId: number, action: string): Promise<number> =>
  (
    await hub.one<{ n: number }>(`select count(*)::int as n from audit where object = $1 and action = $2`, [
      `transaction:${transactionId}`,
      action,
    ])
  ).n;

describe('a deposit that is credited again', () => {
  const credited = async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), {});
    await hub.reaches(deposit, 'done');
    const { reference, connectionId, payments } = await hub.one<{
      reference: string;
      connectionId: number;
      payments: string[];
    }>(
      `select reference, connection_id as "connectionId", provider_data -> 'credited' as payments from money_transaction where transaction_id = $1`,
      [deposit],
    );
    return {
      client,
      deposit,
      takenBack: (amount: string) =>
        run(bookReversals, {
          ...{ reference, connectionId, arrivals: [] },
          reversals: [{ id: `dispute-${deposit}`, kind: 'dispute', state: 'done', amount }],
        }),
      again: () => run(bookDeposit, { transactionId: deposit, received: '100', payments }),
    };
  };

  it('stays taken back', async () => {
    const { client, deposit, takenBack, again } = await credited();
    await takenBack('100');
    await again();
    expect(await hub.stage(deposit)).toBe('returned');
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
    expect(await audited(deposit, 'deposit.credited')).toBe(1);
  });

  it('still says what its client owes', async () => {
    const { client, deposit, takenBack, again } = await credited();
    await post(hub.pool, `test:spent:${deposit}`, [
      { do: 'post', from: walletCode(client.wallet), to: 'house:income:USDT', amount: '100' },
    ]);
    await takenBack('40');
    await again();
    expect(await standing(deposit)).toEqual(['done', expect.stringContaining("the client's wallet did not cover")]);
  });
});

describe('a payout', () => {
  it('that is booked again stays come back', async () => {
    await hub.approvals('withdrawal', 0);
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('10.00');
    await hub.reaches(payout, 'done');
    const seen = { state: 'returned', providerStatus: 'failed', amount: '10' } as const;
    for (let times = 0; times < 2; times++)
      expect(await run(bookAftermath, { transactionId: payout, seen })).toEqual({ outcome: 'returned' });
    await run(bookPayout, { transactionId: payout, report: null });
    expect(await hub.stage(payout)).toBe('returned');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect(await audited(payout, 'payout.returned')).toBe(1);
    expect(await hub.breaches()).toEqual([]);
  });

  it('whose money is held again is not brought back to that', async () => {
    await hub.approvals('withdrawal', 1);
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('10.00');
    await hub.reaches(payout, 'awaiting_approval');
    await run(holdFunds, { transactionId: payout });
    expect(await hub.stage(payout)).toBe('awaiting_approval');
    expect(await client.balance()).toEqual({ balance: '100', held: '10' });
    expect(await audited(payout, 'withdrawal.held')).toBe(1);
  });

  it('that is closed again still says that it was paid nevertheless', async () => {
    await hub.approvals('withdrawal', 1);
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('10.00');
    await hub.reaches(payout, 'awaiting_approval');
    await hub.steering.cancel(`payout:${payout}`, { by: `client:${client.clientId}` });
    await hub.reaches(payout, 'cancelled');
    const seen = { state: 'succeeded', providerStatus: 'sent', amount: '10' } as const;
    for (let times = 0; times < 2; times++) {
      const { outcome } = await run(bookAftermath, { transactionId: payout, seen });
      expect(outcome).toBe('paid although it ended');
    }
    const before = await standing(payout);
    expect(before).toEqual(['cancelled', expect.stringContaining("The provider says 'sent': it pays")]);
    const why = { reason: 'cancelled', issue: 'cancelled', resolutionId: null };
    await run(closeTransaction, { transactionId: payout, stage: 'cancelled', ...why });
    await run(releaseHold, { transactionId: payout });
    expect(await standing(payout)).toEqual(before);
    const written = ['payout.contradicted', 'withdrawal.cancelled', 'hold.released'];
    expect(await Promise.all(written.map((action) => audited(payout, action)))).toEqual([1, 1, 1]);
  });
});

it('a transfer that is booked again is told of once', async () => {
  await hub.approvals('transfer', 0);
  const client = await hub.clientWith('100', 'USDT');
  const transfer = await client.transfer('10.00', client.wallet, await hub.openWallet(client.clientId, 'USDT'));
  await hub.reaches(transfer, 'done');
  await run(bookTransfer, { transactionId: transfer });
  expect(await audited(transfer, 'transfer.booked')).toBe(1);
});

it('an account that is opened again is told of once, and is not refused afterwards', async () => {
  const client = await hub.clientWith('0', 'USD');
  const { accountId, login } = await hub.openTradingAccount(client.clientId);
  await run(activateAccount, { accountId, login });
  await run(failAccount, { accountId, issue: 'no such group' });
  const { rows } = await hub.pool.query<{ action: string }>(`select action from audit where object = $1`, [
    `account:${accountId}`,
  ]);
  expect(rows).toEqual([{ action: 'account.opened' }]);
});

it('a look for payments leaves the one that its run has ordered', async () => {
  const client = await hub.clientWith('0', 'USDT');
  const page = await client.deposit('10.00');
  await hub.pool.query(
    `update money_transaction set next_look = now(), process_time = now() where transaction_id = $1`,
    [page],
  );
  const steer = {
    arrivals: () =>
      hub.pool.query(`update money_transaction set next_look = now() - interval '1 hour' where transaction_id = $1`, [
        page,
      ]),
  };
  await run(lookForPayments, undefined, { steer: steer as never });
  const due = `select next_look < now() as due from money_transaction where transaction_id = $1`;
  expect(await hub.one(due, [page])).toEqual({ due: true });
  await hub.pool.query(`update money_transaction set next_look = null where transaction_id = $1`, [page]);
});

it('a look for payments that no run was told of is taken again soon, not at its next date', async () => {
  const client = await hub.clientWith('0', 'USDT');
  const pages = await Promise.all(['10.00', '11.00'].map((amount) => client.deposit(amount)));
  await hub.pool.query(
    `update money_transaction set next_look = now() - interval '1 minute', process_time = now() where transaction_id = any($1)`,
    [pages],
  );
  const told: string[] = [];
  const steer = {
    arrivals: ({ reference }: { reference: string }) =>
      told.push(reference) === 1 ? Promise.resolve() : Promise.reject(new Error('Temporal is away')),
  };
  await expect(run(lookForPayments, undefined, { steer: steer as never })).rejects.toThrow('Temporal is away');
  const { rows } = await hub.pool.query<{ soon: boolean; told: boolean }>(
    `select next_look < now() + interval '11 minutes' as soon, reference = $2 as told from money_transaction where transaction_id = any($1) order by told`,
    [pages, told[0]],
  );
  expect(rows).toEqual([
    { soon: true, told: false },
    { soon: false, told: true },
  ]);
});

describe('a request that is opened again', () => {
  it('is told of once, and again when something was said to it meanwhile', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const olga = await hub.operator('Olga of requests');
    const payout = await client.withdraw('10.00');
    const { id } = await hub.openRequest(payout);
    const ask = () =>
      run(openRequest, { transactionId: payout, purpose: 'approval', why: 'Needs approval.', amount: '10' });
    const told = async () =>
      (
        await hub.one<{ n: number }>(
          `select count(*)::int as n from audit where object = $1 and action = 'requests.open'`,
          [`request:${id}`],
        )
      ).n;
    expect(await told()).toBe(1);
    await ask();
    expect(await told()).toBe(1);
    await recordAudit(hub.pool, { actor: `user:${olga}`, action: 'requests.update', object: `request:${id}` });
    await ask();
    expect(await told()).toBe(2);
  });
});
