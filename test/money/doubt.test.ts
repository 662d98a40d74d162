/** Sequences in which money could be lost, doubled or forgotten. Each of them once was. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyRing } from '../../config/key-ring.ts';
import { CONNECTION_PURPOSE } from '../../db/repositories/connections.ts';
import { CONFIG_KEYS } from '../kit/keys.ts';
import { eventually, TestHub } from '../kit/hub.ts';

let hub: TestHub;
let olga: number;
let boris: number;

beforeAll(async () => {
  hub = await TestHub.start();
  [olga, boris] = [await hub.operator('Olga'), await hub.operator('Boris')];
});
afterAll(() => hub?.stop());
afterEach(() => hub.sandbox('b2binpay').reset());

const facts = (transactionId: number) =>
  hub.one<{ reference: string; connection_id: number; needs_human: string | null }>(
    `select reference, connection_id, needs_human from money_transaction where transaction_id = $1`,
    [transactionId],
  );
const children = async (transactionId: number): Promise<number[]> =>
  (
    await hub.pool.query<{ id: number }>(
      `select transaction_id as id from money_transaction where parent_id = $1 order by 1`,
      [transactionId],
    )
  ).rows.map((row) => row.id);
const news = async (transactionId: number, type: 'deposit' | 'payout') => {
  const workflowId = `${type}:${transactionId}`;
  return hub.steering.news({ workflowId, type, transactionId, webhookId: '0', said: 'something' });
};

describe('a payout that was sent', () => {
  it('keeps its hold when our books refuse to note how far the provider is, and goes on when they are mended', async () => {
    await hub.pool.query(`
      create function refuse_submitted() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '42703'; end $$;
      create trigger refuse_submitted before update on money_transaction for each row when (new.stage = 'submitted') execute function refuse_submitted()`);
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'assistance');
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    await hub.pool.query(`drop trigger refuse_submitted on money_transaction; drop function refuse_submitted()`);
    await expect(hub.decide(payout, olga, 'mark_failed')).rejects.toMatchObject({ reason: 'not_waiting' });
    await hub.decide(payout, olga, 'continue');
    await hub.reaches(payout, 'done');
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
  });

  it('is given back once when it returns after it was done', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'done');
    await hub.sandbox('b2binpay').advance(await hub.providerId(payout), 'return');
    const { connection_id: connectionId } = await facts(payout);
    await hub.steering.payoutReturn({ transactionId: payout, connectionId, webhookId: '1', said: 'returned' });
    await hub.reaches(payout, 'returned');
    await hub.steering.payoutReturn({ transactionId: payout, connectionId, webhookId: '2', said: 'returned' });
    await hub.ends(`payout-return:${payout}`);
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect(await hub.breaches()).toEqual([]);
  });

  it('is shown to a person when the provider pays it after an operator marked it as failed', async () => {
    hub.sandbox('b2binpay').fault({
      match: { method: 'POST', path: '/payout/', body: '"type":"payout"' },
      kind: 'reset_after_commit',
      times: 1,
    });
    hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 1_000 });
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'assistance');
    await hub.decide(payout, boris, 'mark_failed');
    await hub.reaches(payout, 'failed');
    hub.sandbox('b2binpay').faults.clear();
    const { connection_id: connectionId } = await facts(payout);
    await hub.steering.payoutReturn({ transactionId: payout, connectionId, webhookId: '1', said: 'paid' });
    await eventually(async () => (await facts(payout)).needs_human, 'the flag');
    await eventually(
      async () =>
        (await hub.client.workflow.count(`HubNeedsHuman = true and WorkflowId = 'payout-return:${payout}'`)).count ===
        1,
      'the run to ask for a person',
    );
  });

  it('is not sent when the client was banned while it waited for approval', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.openRequest(payout);
    await hub.pool.query(`update client set status = 'banned' where client_id = $1`, [client.clientId]);
    await hub.decide(payout, olga, 'approve');
    await hub.reaches(payout, 'failed');
    expect(
      hub
        .sandbox('b2binpay')
        .books()
        .filter((entry) => entry.kind === 'payout'),
    ).toEqual([]);
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('cannot be marked as failed by the operator who made it', async () => {
    hub
      .sandbox('b2binpay')
      .fault({ match: { path: '/payout/', body: '"type":"payout"' }, kind: 'reset', times: 1_000 });
    hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 1_000 });
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00', { user_id: olga });
    await hub.decide(payout, boris, 'approve');
    await hub.reaches(payout, 'assistance');
    await expect(hub.decide(payout, olga, 'mark_failed')).rejects.toMatchObject({ reason: 'own_request' });

    // The look that follows is not over before we are: then he would be asked again.
    const { connection } = await hub.methodId('usdt-payout');
    await hub.pauseConnection(connection);
    await hub.decide(payout, boris, 'continue');
    await expect(hub.decide(payout, boris, 'mark_failed')).rejects.toMatchObject({ reason: 'not_waiting' });
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    await hub.pool.query(`update connection_health set paused_until = now() where connection_id = $1`, [connection]);
  });
});

describe('a payout by bank', () => {
  it('waits for a person even when the policy wants nobody: only he can pay it', async () => {
    await hub.approvals('withdrawal', 0);
    const client = await hub.clientWith('100', 'USD');
    const payout = await client.withdraw('25.00', {
      method: 'bank-payout',
      data: { iban: 'DE02120300000000202051', accountHolder: 'Ann Lee' },
    });
    await hub.reaches(payout, 'awaiting_approval');
    await hub.decide(payout, olga, 'approve', { evidence: { bankReference: 'OUT-1', valueDate: '2026-11-20' } });
    await hub.reaches(payout, 'done');
    await hub.approvals('withdrawal', 1);
  });
});

describe('a deposit', () => {
  it('that is paid a second time while it waits for approval credits both, each once', async () => {
    await hub.approvals('deposit', 1);
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    const id = await hub.providerId(deposit);
    await hub.sandbox('b2binpay').pay(id, {});
    await hub.reaches(deposit, 'awaiting_approval');
    await hub.sandbox('b2binpay').pay(id, {});
    await news(deposit, 'deposit');
    await hub.decide(deposit, olga, 'approve');
    await hub.reaches(deposit, 'done');
    const [second] = await eventually(
      async () => ((await children(deposit)).length > 0 ? children(deposit) : null),
      'the second payment',
    );
    await hub.reaches(second!, 'review');
    await hub.decide(second!, olga, 'approve');
    await hub.reaches(second!, 'done');
    expect(await client.balance()).toEqual({ balance: '200', held: '0' });
    await hub.approvals('deposit', 0);
  });

  it('needs as many persons as the policy wants for what came, not for what was announced', async () => {
    await hub.approvals('deposit', 0);
    await hub.pool.query(
      `insert into approval_policy (name, kind, min_amount, approvals, priority) values ('much', 'deposit', 1000, 2, -1)`,
    );
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('10.00');
    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), { amount: '5000' });
    await hub.reaches(deposit, 'review');
    expect(await hub.decide(deposit, olga, 'approve')).toMatchObject({ missing: 1 });
    expect(await hub.decide(deposit, boris, 'approve')).toMatchObject({ missing: 0 });
    await hub.reaches(deposit, 'done');
    expect(await client.balance()).toEqual({ balance: '5000', held: '0' });
    await hub.pool.query(`delete from approval_policy where name = 'much'`);
  });

  it('does not expire because the provider cannot be asked', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const { id, connection } = await hub.methodId('usdt-invoice');
    const row = {
      type: 'deposit',
      client_id: client.clientId,
      credit_account_id: client.wallet,
      currency: 2145,
      amount: '100',
      method_id: id,
      connection_id: connection,
    };
    const deposit = await hub.order(row, false);
    hub.sandbox('b2binpay').fault({ match: { method: 'GET' }, kind: 'http_500', times: 10_000 });
    await hub.client.workflow.start('deposit', {
      workflowId: `deposit:${deposit}`,
      taskQueue: 'hub',
      args: [{ transactionId: deposit, timings: { ...hub.timings, payWithin: 1_500 } }],
    });
    const page = await hub.providerId(deposit);
    await hub.sandbox('b2binpay').pay(page, {});
    await new Promise((done) => setTimeout(done, 3_000));
    expect(await hub.stage(deposit)).not.toBe('expired');
    hub.sandbox('b2binpay').faults.clear();
    await hub.reaches(deposit, 'done');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('that the provider kept back and then released can be credited', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.08'); // blocked by the anti-money-laundering check
    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), {});
    await hub.reaches(deposit, 'review');
    await expect(hub.decide(deposit, olga, 'approve')).rejects.toMatchObject({ reason: 'restricted' });
    await hub.sandbox('b2binpay').advance(await hub.providerId(deposit), 'transfer:2');
    await news(deposit, 'deposit');
    await hub.reaches(deposit, 'done');
    expect(await client.balance()).toEqual({ balance: '100.08', held: '0' });
  });
});

describe('what is over', () => {
  it('is not begun again, whoever starts a second run', async () => {
    const client = await hub.clientWith('10', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.reaches(payout, 'hold_refused');
    const again = await hub.client.workflow.execute('payout', {
      workflowId: `twin-${payout}`,
      taskQueue: 'hub',
      args: [{ transactionId: payout }],
    });
    expect(again).toMatchObject({ reason: 'already_done' });
    expect(await hub.stage(payout)).toBe('hold_refused');
    expect(await client.balance()).toEqual({ balance: '10', held: '0' });
  });

  it('cannot keep a hold or miss its booking without the ledger check saying so', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await hub.openRequest(payout);
    await hub.pool.query(
      `update money_transaction set process_time = now(), stage = 'done' where transaction_id = $1`,
      [payout],
    );
    const found = (await hub.breaches())
      .filter((breach) => breach.subject === `transaction ${payout}`)
      .map((breach) => breach.invariant);
    expect(found.sort()).toEqual(['what is done was booked, and nothing else was', 'what is over holds nothing']);
    await hub.pool.query(
      `update money_transaction set process_time = null, stage = 'awaiting_approval' where transaction_id = $1`,
      [payout],
    );
    expect(await hub.breaches()).toEqual([]);
  });
});

describe('payments that nobody waits for', () => {
  it('are registered although the connection was broken when they were told', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    const page = await hub.providerId(deposit);
    await hub.sandbox('b2binpay').advance(page, 'expire');
    await hub.reaches(deposit, 'expired');
    await hub.sandbox('b2binpay').pay(page, {});

    const { reference, connection_id: connectionId } = await facts(deposit);
    const { config } = await hub.one<{ config: Buffer }>(`select config from connection where id = $1`, [connectionId]);
    const broken = new KeyRing(CONFIG_KEYS).seal(Buffer.from('{}'), CONNECTION_PURPOSE);
    await hub.pool.query(`update connection set config = $2, update_time = now() where id = $1`, [
      connectionId,
      broken,
    ]);
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'paid' });
    await new Promise((done) => setTimeout(done, 500));
    await hub.pool.query(`update connection set config = $2, update_time = now() where id = $1`, [
      connectionId,
      config,
    ]);
    const [late] = await eventually(
      async () => ((await children(deposit)).length > 0 ? children(deposit) : null),
      'the late payment',
    );
    await hub.reaches(late!, 'review');
  });
});
