import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestClient, type TestHub } from '../kit/hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let client: TestClient;

beforeAll(async () => {
  api = await MoneyApi.start();
  ({ hub } = api);
  olga = await api.operator(['transactions.read', 'transactions.update', 'requests.read']);
  client = await hub.clientWith('1000', 'USDT');
});
afterAll(() => api.stop());

const waitingPayout = async (): Promise<number> => {
  const payout = await client.withdraw('10.00');
  await hub.openRequest(payout);
  return payout;
};

/** What the audit says of its end. */
const ended = (payout: number) =>
  hub.one(
    `select actor, after, request_id is not null as "hasRequestId" from audit where object = $1 and action = 'withdrawal.cancelled'`,
    [`transaction:${payout}`],
  );

const closer = (payout: number) =>
  hub.one(`select user_id as "userId", status_id as status, comment from application where transaction_id = $1`, [
    payout,
  ]);

describe('a movement that somebody stops through the API', () => {
  it('says in the audit which operator did it, why, and in which call; its request too', async () => {
    const payout = await waitingPayout();
    const { id } = await hub.openRequest(payout);
    const stopped = await olga.call(`POST /transactions/${payout}/cancel`, { comment: 'looks like fraud' });
    expect(stopped).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await ended(payout)).toEqual({
      actor: `user:${olga.id}`,
      after: { stage: 'cancelled', reason: 'cancelled', via: 'api', comment: 'looks like fraud' },
      hasRequestId: true,
    });
    expect(await closer(payout)).toEqual({ userId: olga.id, status: 2, comment: 'looks like fraud' });
    expect((await olga.call(`GET /applications/${id}`)).body).toMatchObject({ user: { id: olga.id } });
  });

  it('names the client who did it', async () => {
    const ann = await api.clientWith('100', 'USDT');
    const payout = await ann.of.withdraw('10.00');
    await hub.openRequest(payout);
    expect((await ann.call(`POST /my/transactions/${payout}/cancel`)).status).toBe(200);
    expect(await ended(payout)).toMatchObject({ actor: `client:${ann.id}`, hasRequestId: true });
    expect(await closer(payout)).toMatchObject({ userId: null, status: 2 });
  });
});

/** Sends the Update as a person at Temporal UI does; answers with what it was refused for, or null. */
const inTemporalUi = async (payout: number, wish: unknown): Promise<string | null> => {
  try {
    await hub.handle(`payout:${payout}`).executeUpdate('cancel', { args: [wish] });
    return null;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) return error.cause!.message;
    throw error;
  }
};

describe('the Update cancel from Temporal UI', () => {
  it('is taken of a known user with the right to, and says so', async () => {
    const payout = await waitingPayout();
    expect(await inTemporalUi(payout, { by: `user:${olga.id}`, comment: 'twice' })).toBeNull();
    await hub.reaches(payout, 'cancelled');
    expect(await ended(payout)).toEqual({
      actor: `user:${olga.id}`,
      after: { stage: 'cancelled', reason: 'cancelled', via: 'temporal-ui', comment: 'twice' },
      hasRequestId: false,
    });
    expect(await closer(payout)).toMatchObject({ userId: olga.id });
    expect(await hub.shown(`payout:${payout}`)).toContain(`cancelled by user:${olga.id} in Temporal UI: twice`);
  });

  it('is refused of anybody else, in the name of a client too, and leaves the movement as it is', async () => {
    const payout = await waitingPayout();
    const boris = await api.operator(['transactions.read']);
    const notA = '"by" must be a Back Office user like "user:1"';
    expect(await inTemporalUi(payout, { by: 'nobody' })).toBe(notA);
    expect(await inTemporalUi(payout, { by: `client:${client.clientId}` })).toBe(notA);
    expect(await inTemporalUi(payout, { by: 'user:999999' })).toBe('There is no active user 999999.');
    expect(await inTemporalUi(payout, { by: `user:${boris.id}` })).toBe(
      `User ${boris.id} may not cancel this transaction.`,
    );
    const forged = { by: `user:${olga.id}`, proof: 'k1.made-up' };
    expect(await inTemporalUi(payout, forged)).toBe('The proof of this cancellation is not ours.');
    expect(await inTemporalUi(payout, { by: `user:${olga.id}`, coment: 'why' })).toContain(
      '"coment" is not known here',
    );
    expect(await hub.stage(payout)).toBe('awaiting_approval');
    await olga.call(`POST /transactions/${payout}/cancel`);
  });

  it('is refused where decisions from there are, and a request for cancellation, which names nobody, is not', async () => {
    await hub.pause();
    hub.settings.temporalUiDecisions = 'refuse';
    await hub.resume();
    const payout = await waitingPayout();
    expect(await inTemporalUi(payout, { by: `user:${olga.id}` })).toContain('are switched off');
    await hub.handle(`payout:${payout}`).cancel();
    await hub.reaches(payout, 'cancelled');
    expect(await ended(payout)).toMatchObject({ actor: 'temporal-ui', after: { via: 'temporal-ui' } });
    await eventually(
      async () => (await hub.shown(`payout:${payout}`)).includes('cancelled from Temporal UI'),
      'a note',
    );
  });
});
