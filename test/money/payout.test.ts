import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { post } from '../../db/repositories/ledger.ts';
import { judgePayout } from '../../activities/payments/judge-payout.ts';
import { eventually, type TestClient, TestHub } from '../kit/hub.ts';

let hub: TestHub;
let olga: number;
let boris: number;

beforeAll(async () => {
  hub = await TestHub.start();
  olga = await hub.operator('Olga');
  boris = await hub.operator('Boris');
});
afterAll(() => hub?.stop());

const payoutsAtTheProvider = async (transactionId: number) => {
  const { reference } = await hub.one<{ reference: string }>(
    `select reference from money_transaction where transaction_id = $1`,
    [transactionId],
  );
  return hub
    .sandbox('b2binpay')
    .books()
    .filter((entry) => entry.kind === 'payout' && entry.reference === reference);
};

/** The write itself, not the quote before it. */
const creation = { method: 'POST', path: '/payout/', body: '"type":"payout"' };

afterEach(() => hub.sandbox('b2binpay').reset());

describe('a payout', () => {
  it('is held, waits for approval, is sent once and captured', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.reaches(payout, 'awaiting_approval');
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });

    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'done');
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
    expect(await payoutsAtTheProvider(payout)).toHaveLength(1);
    expect(await hub.breaches()).toEqual([]);
  });

  it('gives the money back when an operator rejects it', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'reject', { resolutionId: 1 });
    await hub.reaches(payout, 'rejected');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect(await payoutsAtTheProvider(payout)).toHaveLength(0);
  });

  it('needs two different persons when the policy says so', async () => {
    await hub.approvals('withdrawal', 2);
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    expect(await hub.decide(payout, olga, 'approve')).toMatchObject({ missing: 1 });
    await expect(hub.decide(payout, olga, 'approve')).rejects.toMatchObject({ reason: 'decided_already' });
    expect(await hub.decide(payout, boris, 'approve')).toMatchObject({ missing: 0 });
    await hub.reaches(payout, 'done');
    await hub.approvals('withdrawal', 1);
  });

  it('cannot be approved by the operator who made it', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00', { user_id: olga });
    await expect(hub.decide(payout, olga, 'approve')).rejects.toMatchObject({ reason: 'own_request' });
    await hub.decide(payout, boris, 'approve');
    await hub.reaches(payout, 'done');
  });

  it('ends as hold_refused when the money is not there', async () => {
    const client = await hub.clientWith('10', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.reaches(payout, 'hold_refused');
    expect(await client.balance()).toEqual({ balance: '10', held: '0' });
  });

  it('can be cancelled while it waits, and not after', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.reaches(payout, 'awaiting_approval');
    await hub.steering.cancel(`payout:${payout}`, { by: `client:${client.clientId}` });
    await hub.reaches(payout, 'cancelled');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    await expect(hub.steering.cancel(`payout:${payout}`, { by: 'client:1' })).rejects.toMatchObject({
      type: 'Rejected',
    });
  });

  it('is refused by the provider and gives the hold back', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.02');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'failed');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });
});

describe('a payout that cannot be sent yet', () => {
  const waitsForItsProvider = async (client: TestClient): Promise<number> => {
    hub.sandbox('b2binpay').fault({ match: creation, kind: 'http_429', times: 1_000 });
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'approve');
    const tried = async () => hub.sandbox('b2binpay').received.some(({ status }) => status === 429);
    await eventually(tried, 'a first attempt');
    return payout;
  };

  it('can be cancelled, for nothing has left the house', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await waitsForItsProvider(client);
    await eventually(
      () =>
        hub.steering.cancel(`payout:${payout}`, { by: `client:${client.clientId}` }).then(
          () => true,
          () => false,
        ),
      'it to be cancelled between two attempts',
    );
    await hub.reaches(payout, 'cancelled');
    hub.sandbox('b2binpay').faults.clear();
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect(await payoutsAtTheProvider(payout)).toHaveLength(0);
  });

  it('is not sent any more when its client was banned meanwhile', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await waitsForItsProvider(client);
    await hub.pool.query(`update client set status = 'banned' where client_id = $1`, [client.clientId]);
    // An attempt that began before he was banned is over.
    await hub.rests(`payout:${payout}`);
    hub.sandbox('b2binpay').faults.clear();
    await hub.reaches(payout, 'failed');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect(await payoutsAtTheProvider(payout)).toHaveLength(0);
  });
});

describe('what a client reads of a payout that failed', () => {
  const told = (payout: number) =>
    hub.one<{ client: string; operators: string | null }>(
      `select resolution as client, why as operators from money_transaction where transaction_id = $1`,
      [payout],
    );

  it('is not what its provider, a setting or an operator said: that is for operators', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const refused = await client.withdraw('25.02');
    await hub.decide(refused, olga, 'approve');
    await hub.reaches(refused, 'failed');
    const { operators, ...said } = await told(refused);
    expect(said).toEqual({ client: 'The payment provider declined it.' });
    expect(operators).not.toBe(said.client);

    const cancelled = await client.withdraw('25.00');
    await hub.reaches(cancelled, 'awaiting_approval');
    await hub.steering.cancel(`payout:${cancelled}`, { by: `user:${olga}`, comment: 'looks like fraud' });
    await hub.reaches(cancelled, 'cancelled');
    expect(await told(cancelled)).toEqual({
      client: 'Cancelled.',
      operators: `cancelled by user:${olga}: looks like fraud`,
    });
  });

  it('is the resolution that an operator chose, or what he wrote for the client', async () => {
    const { id: resolutionId, text } = await hub.one<{ id: number; text: string }>(
      `select id, coalesce(description, name) as text from resolution where enabled order by id limit 1`,
    );
    const client = await hub.clientWith('100', 'USDT');
    const first = await client.withdraw('25.00');
    await hub.decide(first, olga, 'reject', { resolutionId });
    await hub.reaches(first, 'rejected');
    expect(await told(first)).toEqual({ client: text, operators: null });
    const second = await client.withdraw('25.00');
    await hub.decide(second, olga, 'reject', { resolutionId, comment: 'The address is not yours.' });
    await hub.reaches(second, 'rejected');
    expect(await told(second)).toMatchObject({ client: 'The address is not yours.' });
  });
});

describe('a payout of which a part came back before anybody saw it arrive', () => {
  const report = { providerId: '7', providerStatus: 'reversed', fee: null, currencyCode: 840 } as const;

  it('is paid, for the rest arrived; only one that came back whole is not', () => {
    const judge = judgePayout('100');
    expect(judge({ ...report, state: 'returned', processed: '10' })).toMatchObject({
      outcome: 'done',
      report: { state: 'returned', processed: null },
    });
    expect(judge({ ...report, state: 'returned', processed: '100.00' })).toMatchObject({ outcome: 'refused' });
    expect(judge({ ...report, state: 'returned', processed: null })).toMatchObject({ outcome: 'refused' });
  });
});

describe('a payout of which the provider says that it is paid, and that nothing was', () => {
  it('is a question for a person, who gives back what is held or says that it was paid', async () => {
    const client = await hub.clientWith('100', 'USDT');
    hub
      .sandbox('b2binpay')
      .fault({ match: { path: '/' }, kind: 'swap', from: '"amount":"25.37', to: '"amount":"00.00', times: 1_000 });
    const payout = await client.withdraw('25.37');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'assistance');
    expect((await hub.openRequest(payout)).purpose).toBe('assistance');
    expect(await client.balance()).toEqual({ balance: '100', held: '25.37' });
    await hub.decide(payout, boris, 'mark_done');
    await hub.reaches(payout, 'done');
    expect(await client.balance()).toEqual({ balance: '74.63', held: '0' });
  });
});

describe('a payout whose answer was lost', () => {
  it('is found by asking and paid once', async () => {
    const client = await hub.clientWith('100', 'USDT');
    hub
      .sandbox('b2binpay')
      .fault({ match: { method: 'POST', path: '/payout/' }, kind: 'reset_after_commit', times: 1 });
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'done');
    expect(await payoutsAtTheProvider(payout)).toHaveLength(1);
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
  });

  it('is sent again, and paid once, when the provider never saw it', async () => {
    const client = await hub.clientWith('100', 'USDT');
    hub.sandbox('b2binpay').fault({ match: creation, kind: 'reset', times: 1 });
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'done');
    expect(await payoutsAtTheProvider(payout)).toHaveLength(1);
  });

  it('asks an operator when the provider cannot tell, and holds the money until he does', async () => {
    const client = await hub.clientWith('100', 'USDT');
    hub.sandbox('b2binpay').fault({ match: creation, kind: 'reset', times: 1_000 });
    hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 1_000 });
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'assistance');
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    const found = await eventually(async () => {
      const { count } = await hub.client.workflow.count(`HubNeedsHuman = true and WorkflowId = 'payout:${payout}'`);
      return count === 1;
    }, 'the run to be found by HubNeedsHuman');
    expect(found).toBe(true);
    await hub.decide(payout, boris, 'mark_failed', { comment: 'looked it up: not there' });
    await hub.reaches(payout, 'failed');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });
});

describe('two persons deciding at the same moment', () => {
  it('one wins, the other hears that it is decided', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    const { id: request } = await hub.openRequest(payout);
    const answers = await Promise.allSettled([
      hub.decideRequest(request, olga, 'approve'),
      hub.decideRequest(request, boris, 'reject', { resolutionId: 1 }),
    ]);
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
    const stage = await eventually(async () => {
      const now = await hub.stage(payout);
      return now === 'done' || now === 'rejected' ? now : null;
    }, 'the end');
    expect(await client.balance()).toEqual(
      stage === 'done' ? { balance: '75', held: '0' } : { balance: '100', held: '0' },
    );
  });
});

describe('a payout that was paid but cannot be booked', () => {
  it('keeps the hold and asks for a person instead of giving the money back', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.openRequest(payout);
    // The books refuse: somebody used this operation's key for other content.
    await post(hub.pool, `transaction:${payout}:capture`, [
      { do: 'post', from: 'house:suspense:USDT', to: 'house:rounding:USDT', amount: '1' },
    ]);
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'assistance');
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    expect(await payoutsAtTheProvider(payout)).toHaveLength(1);
    await expect(hub.steering.cancel(`payout:${payout}`, { by: 'client:1' })).rejects.toMatchObject({
      type: 'Rejected',
    });
  });
});
