import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { QUICK_TIMINGS } from '../../domain/timings.ts';
import { eventually, TestHub } from '../kit/hub.ts';
import { lateWait } from '../kit/late-wait.ts';

let hub: TestHub;
let olga: number;

beforeAll(async () => {
  hub = await TestHub.start();
  olga = await hub.operator('Olga');
});
afterAll(() => hub?.stop());
// Not reset: a provider never gives the same payment id twice.
afterEach(() => {
  hub.sandbox('b2binpay').faults.clear();
  hub.sandbox('b2binpay').setCallbacks('normal');
});

describe('a deposit through a hosted page', () => {
  it('shows the page, is paid and credited once', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.reaches(deposit, 'awaiting_payer');
    const { provider_data: shown } = await hub.one<{ provider_data: { action: { kind: string } } }>(
      `select provider_data from money_transaction where transaction_id = $1`,
      [deposit],
    );
    expect(shown.action.kind).toBe('redirect');

    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), {});
    await hub.reaches(deposit, 'done');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    expect(await hub.breaches()).toEqual([]);
  });

  it('asks a person when less was paid, and credits what came', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), { amount: '60' });
    await hub.reaches(deposit, 'review');
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
    await hub.decide(deposit, olga, 'approve');
    await hub.reaches(deposit, 'done');
    expect(await client.balance()).toEqual({ balance: '60', held: '0' });
  });

  it('ends as expired when nobody pays', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.sandbox('b2binpay').advance(await hub.providerId(deposit), 'expire');
    await hub.reaches(deposit, 'expired');
  });

  it('is cancelled by the client while nobody has paid', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.reaches(deposit, 'awaiting_payer');
    await hub.steering.cancel(`deposit:${deposit}`, { by: `client:${client.clientId}` });
    await hub.reaches(deposit, 'cancelled');
  });

  it('is opened although the answer to opening it was lost, once', async () => {
    hub
      .sandbox('b2binpay')
      .fault({ match: { method: 'POST', path: '/deposit/' }, kind: 'reset_after_commit', times: 1 });
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.reaches(deposit, 'awaiting_payer');
    await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), {});
    await hub.reaches(deposit, 'done');
  });

  it('is looked for ever more rarely while nobody can tell whether it was opened, and found in the end', async () => {
    const b2binpay = hub.sandbox('b2binpay');
    b2binpay.fault({ match: { method: 'POST', path: '/deposit/' }, kind: 'reset_after_commit', times: 1 });
    b2binpay.fault({ match: { method: 'GET' }, kind: 'garbage', times: 1_000 });
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    expect(await lateWait(hub, `deposit:${deposit}`)).toBe(QUICK_TIMINGS.probes!.at(-1));
    b2binpay.faults.clear();
    await hub.reaches(deposit, 'awaiting_payer');
  });
});

describe('a page that is paid after its end while the callback is lost', () => {
  it('is looked at again by itself, and the money becomes a deposit of its own', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    const id = await hub.providerId(deposit);
    await hub.sandbox('b2binpay').advance(id, 'expire');
    await hub.reaches(deposit, 'expired');
    hub.sandbox('b2binpay').setCallbacks('drop');
    await hub.sandbox('b2binpay').pay(id, {});
    await hub.pool.query(`update money_transaction set next_look = now() where transaction_id = $1`, [deposit]); // an hour later
    await hub.client.workflow.execute('sweep', { workflowId: 'sweep', taskQueue: 'hub' });
    const late = await eventually(
      async () =>
        (
          await hub.pool.query<{ transaction_id: number }>(
            `select transaction_id from money_transaction where parent_id = $1`,
            [deposit],
          )
        ).rows[0],
      'the late payment',
    );
    await hub.reaches(late.transaction_id, 'review');
  });
});

describe('a deposit by bank', () => {
  it('is credited when a person says that it came, with the bank reference as evidence', async () => {
    const client = await hub.clientWith('0', 'USD');
    const deposit = await client.deposit('250.00', { method: 'bank-transfer' });
    await hub.decide(deposit, olga, 'approve', { evidence: { bankReference: 'STMT-1/17', valueDate: '2026-11-20' } });
    await hub.reaches(deposit, 'done');
    expect(await client.balance()).toEqual({ balance: '250', held: '0' });
  });

  it('cannot use the bank reference of another deposit', async () => {
    const client = await hub.clientWith('0', 'USD');
    const deposit = await client.deposit('250.00', { method: 'bank-transfer' });
    const evidence = { bankReference: 'STMT-1/17', valueDate: '2026-11-20' };
    await expect(hub.decide(deposit, olga, 'approve', { evidence })).rejects.toMatchObject({
      reason: 'already_exists',
    });
    expect(await hub.stage(deposit)).toBe('awaiting_approval');
  });
});

describe('money that came without being asked for', () => {
  it('becomes a deposit of its own when an expired page is paid late, after a person looked', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    const id = await hub.providerId(deposit);
    await hub.sandbox('b2binpay').advance(id, 'expire');
    await hub.reaches(deposit, 'expired');

    const { reference, connection_id: connectionId } = await hub.one<{ reference: string; connection_id: number }>(
      `select reference, connection_id from money_transaction where transaction_id = $1`,
      [deposit],
    );
    await hub.sandbox('b2binpay').pay(id, {});
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'paid' });
    const late = await eventually(
      async () =>
        (
          await hub.pool.query<{ transaction_id: number }>(
            `select transaction_id from money_transaction where parent_id = $1`,
            [deposit],
          )
        ).rows[0],
      'the late payment',
    );
    await hub.reaches(late.transaction_id, 'review');
    await hub.decide(late.transaction_id, olga, 'approve');
    await hub.reaches(late.transaction_id, 'done');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });

    // told again: nothing new
    await hub.steering.arrivals({ reference, connectionId, webhookId: '2', said: 'paid' });
    await hub.ends(`arrivals:${reference}`);
    expect((await hub.pool.query(`select from money_transaction where parent_id = $1`, [deposit])).rowCount).toBe(1);
    expect(await hub.breaches()).toEqual([]);
  });
});
