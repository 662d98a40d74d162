import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestClient, type TestHub } from '../kit/hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let client: TestClient;

beforeAll(async () => {
  api = await MoneyApi.start();
  ({ hub } = api);
  olga = await api.operator();
  client = await hub.clientWith('1000', 'USDT');
});
afterAll(() => api.stop());

/** "Request Cancellation" in Temporal UI, too late: the run has heard of it and goes on. */
const cancelledTooLate = async (workflowId: string): Promise<void> => {
  await hub.handle(workflowId).cancel();
  await eventually(async () => (await hub.shown(workflowId)).includes('too late'), 'the note that it is too late');
};

const inReview = async (): Promise<number> => {
  const deposit = await client.deposit('100.00');
  const run = `deposit:${deposit}`;
  await hub.sandbox('b2binpay').pay(await hub.providerId(deposit), { amount: '60' });
  await hub.reaches(deposit, 'review');
  // Its callback makes the run look once more, and while it looks nothing is asked.
  await api.heard('b2binpay', run);
  return deposit;
};

describe('a cancellation that was asked for in Temporal UI too late', () => {
  it('leaves decisions through the API to work, and to be answered with what came of them', async () => {
    const deposit = await inReview();
    await cancelledTooLate(`deposit:${deposit}`);
    const { id } = await hub.openRequest(deposit);
    expect(await olga.call(`POST /applications/${id}/approve`)).toMatchObject({
      status: 200,
      body: { status: 'approved' },
    });
    await hub.reaches(deposit, 'done');
  });

  it('leaves decisions from Temporal UI to work as well', async () => {
    const deposit = await inReview();
    await cancelledTooLate(`deposit:${deposit}`);
    const { workflow_id: workflowId } = await hub.openRequest(deposit);
    const say = (decision: 'continue' | 'reject') =>
      hub.steering.decide(workflowId, { decision, by: olga.id }, randomUUID());
    expect(await say('continue')).toMatchObject({ decision: 'continue', missing: 0 });
    await eventually(async () => (await hub.shown(workflowId)).includes('says'), 'the word to be shown');
    await hub.rests(workflowId);
    expect(await say('reject')).toMatchObject({ decision: 'reject', missing: 0 });
    await hub.reaches(deposit, 'rejected');
  });

  it('leaves a second request for cancellation, through the API, to hear why it is too late', async () => {
    const deposit = await inReview();
    await cancelledTooLate(`deposit:${deposit}`);
    expect(await olga.call(`POST /transactions/${deposit}/cancel`)).toMatchObject({
      status: 409,
      body: { error: { details: [{ reason: 'already_done', issue: 'Too late to cancel: the money has arrived.' }] } },
    });
    await hub.decide(deposit, olga.id, 'reject', { comment: 'not his' });
    await hub.reaches(deposit, 'rejected');
  });

  it('says of money that came that it came, and of money that is on its way that it is', async () => {
    const deposit = await inReview();
    await cancelledTooLate(`deposit:${deposit}`);
    expect(await hub.shown(`deposit:${deposit}`)).toContain('too late: the money has arrived.');
    await hub.decide(deposit, olga.id, 'reject', { comment: 'not his' });

    const { connection } = await hub.methodId('usdt-payout');
    await hub.pauseConnection(connection);
    const payout = await client.withdraw('25.00');
    await hub.decide(payout, olga.id, 'approve');
    // Nobody takes it up: it is being sent for as long as it takes us.
    const isSending = async () => (await hub.shown(`payout:${payout}`)).includes('Sending through');
    await eventually(isSending, 'the payout to be sent');
    await cancelledTooLate(`payout:${payout}`);
    expect(await hub.shown(`payout:${payout}`)).toContain('too late: money may be on its way.');
    await hub.pool.query(`update connection_health set paused_until = now() where connection_id = $1`, [connection]);
    await hub.reaches(payout, 'done');
  });
});
