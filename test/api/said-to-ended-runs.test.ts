/** What people had said to a run that somebody then terminated or reset: the one that takes its order over heeds it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { askAboutEndedRuns } from '../../activities/ops/ask-about-ended-runs.ts';
import { eventually, type TestClient, type TestHub } from '../kit/hub.ts';
import { type HistoryEvent, isScheduled, Meddling } from '../kit/meddling.ts';
import { type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let boris: Caller;
let meddling: Meddling;

beforeAll(async () => {
  api = await MoneyApi.start({ settleAfter: 600, secondLook: 150 }, ['praxis']);
  hub = api.hub;
  meddling = new Meddling(hub);
  [olga, boris] = await Promise.all([api.operator(), api.operator()]);
  await hub.pool.query(
    `with made as (
       insert into payment_method (direction, name, caption, provider, connection_id, flow)
       select 'withdrawal', 'cashier-withdrawal', 'Cashier', provider, id, 'send' from connection where name = 'praxis' returning id)
     insert into payment_method_currency (method_id, type, currency, min, caption)
     select id, type, 978, 1, 'Euro' from made, unnest(array['TR', 'PS']) as type`,
  );
});
afterAll(() => api?.stop());
afterEach(async () => {
  for (const id of ['b2binpay', 'praxis']) hub.sandbox(id).faults.clear();
  await hub.pool.query(`delete from approval_policy where name = 'test withdrawal'`);
});

const resume = (transactionId: number) => olga.call(`POST /transactions/${transactionId}/resume`, {});
const cancel = (transactionId: number) => olga.call(`POST /transactions/${transactionId}/cancel`, {});
const seen = async (transactionId: number) => (await olga.call(`GET /transactions/${transactionId}`)).body;
const paid = async (transactionId: number): Promise<number> => {
  const { reference } = await seen(transactionId);
  const books = hub.sandbox('b2binpay').books();
  return books.filter((entry) => entry.kind === 'payout' && entry.reference === reference).length;
};
const asksWhetherItWasDone = (transactionId: number) =>
  eventually(async () => (await hub.openRequest(transactionId)).purpose === 'assistance', 'a person to be asked');
/** With nothing under way: an old attempt to book it would, as soon as the books take it again. */
const inSilence = async (meddle: () => Promise<unknown>): Promise<void> => {
  await hub.pause();
  await meddle();
  await hub.resume();
};
const declined = async () => ({ resolutionId: await hub.resolutionId('Request declined') });

/** Right after the hold; what is asked then is asked anew. */
const isFirstQuestion = () => {
  let isHeld = false;
  return (one: HistoryEvent): boolean => {
    isHeld ||= Boolean(one.activityTaskCompletedEventAttributes);
    return isHeld && Boolean(one.markerRecordedEventAttributes);
  };
};

const BANK = { method: 'bank-payout', data: { accountHolder: 'Ann Lee', iban: 'CY17002001280000001200527600' } };
const CASHIER = { method: 'cashier-withdrawal', data: {} };

/** A payout that a person marked as done, because the provider never got it and he paid it by hand; the books do not take it. */
const markedAsDone = async (
  client: TestClient,
  method = {},
): Promise<{ payout: number; mend: () => Promise<unknown> }> => {
  await hub.approvals('withdrawal', 0);
  hub.sandbox('praxis').fault({ match: { path: '/agent/manage' }, kind: 'reset', times: 1_000 });
  hub.sandbox('b2binpay').fault({ match: { path: '/payout/', body: '"type":"payout"' }, kind: 'reset', times: 1_000 });
  hub.sandbox('b2binpay').fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 1_000 });
  const payout = await client.withdraw('25.00', method);
  await asksWhetherItWasDone(payout);
  const refused = await meddling.refuse('done');
  await hub.decide(payout, boris.id, 'mark_done', { comment: 'paid by hand' });
  await meddling.isUnderWay(`payout:${payout}`, 'bookPayout');
  const mend = async () => {
    await refused();
    for (const id of ['b2binpay', 'praxis']) hub.sandbox(id).faults.clear();
  };
  return { payout, mend };
};

describe('"mark done"', () => {
  it('is asked about again after a reset, and the payout is not sent', async () => {
    const client = await hub.clientWith('100', 'USDT');
    const { payout, mend } = await markedAsDone(client);
    await inSilence(async () => {
      await meddling.resetBefore(`payout:${payout}`, isScheduled('createPayout'));
      await mend();
    });
    await asksWhetherItWasDone(payout);
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '100', held: '25' }, 0]);
    await hub.decide(payout, boris.id, 'mark_done', { comment: 'as I said' });
    await hub.reaches(payout, 'done');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 0]);
  });

  it('is asked about again at a cashier, and nothing is given back', async () => {
    const client = await hub.clientWith('100', 'EUR');
    const { payout, mend } = await markedAsDone(client, CASHIER);
    await inSilence(async () => {
      await hub.handle(`payout:${payout}`).terminate('does not book');
      await mend();
    });
    await resume(payout);
    await asksWhetherItWasDone(payout);
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    await hub.decide(payout, boris.id, 'mark_failed', { comment: 'no, the bank refused' });
    await hub.reaches(payout, 'failed');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });
});

describe('an approval that says "it was paid"', () => {
  const approved = async () => {
    const client = await hub.clientWith('100', 'USD');
    const payout = await client.withdraw('30.00', BANK);
    await hub.openRequest(payout);
    const mend = await meddling.refuse('done');
    const evidence = { bankReference: `PAID-${payout}`, valueDate: '2026-01-31' };
    await hub.decide(payout, boris.id, 'approve', { evidence });
    await meddling.isUnderWay(`payout:${payout}`, 'bookPayout');
    return { client, payout, mend };
  };

  it('is asked about again after the run was terminated, and booked', async () => {
    const { client, payout, mend } = await approved();
    await inSilence(async () => {
      await hub.handle(`payout:${payout}`).terminate('does not book');
      await mend();
    });
    await resume(payout);
    await asksWhetherItWasDone(payout);
    expect((await seen(payout)).needsHuman).toContain('somebody said "approve"');
    await hub.decide(payout, boris.id, 'mark_done');
    await hub.reaches(payout, 'done');
    expect(await client.balance()).toEqual({ balance: '70', held: '0' });
  });

  it('keeps the money from being given back when a run that was reset is cancelled', async () => {
    const { client, payout, mend } = await approved();
    await meddling.resetBefore(`payout:${payout}`, isFirstQuestion());
    await eventually(async () => (await hub.openRequest(payout)).purpose === 'approval', 'approval to be asked');
    await hub.rests(`payout:${payout}`);
    await hub.handle(`payout:${payout}`).cancel();
    await asksWhetherItWasDone(payout);
    await mend();
    expect(await client.balance()).toEqual({ balance: '100', held: '30' });
    await hub.decide(payout, boris.id, 'mark_done');
    await hub.reaches(payout, 'done');
    expect(await client.balance()).toEqual({ balance: '70', held: '0' });
  });
});

describe('a no', () => {
  it.each([
    ['a payout that people make', 'USD', BANK],
    ['a payout at a cashier', 'EUR', CASHIER],
  ])('to %s ends it as that no', async (_what, currency, method) => {
    await hub.approvals('withdrawal', 1);
    const client = await hub.clientWith('100', currency);
    const payout = await client.withdraw('25.00', method);
    await hub.openRequest(payout);
    const mend = await meddling.refuse('rejected');
    await hub.decide(payout, boris.id, 'reject', await declined());
    await eventually(async () => (await client.balance()).held === '0', 'the hold to be given back');
    await hub.handle(`payout:${payout}`).terminate('in the middle');
    await mend();
    await resume(payout);
    await hub.reaches(payout, 'rejected');
    expect((await seen(payout)).resolution).toBe('Request declined');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('to a bank deposit ends it, and nothing is credited', async () => {
    const client = await hub.clientWith('0', 'USD');
    const deposit = await client.deposit('100.00', { method: 'bank-transfer' });
    await hub.openRequest(deposit);
    const mend = await meddling.refuse('rejected');
    await hub.decide(deposit, boris.id, 'reject', await declined());
    await meddling.isUnderWay(`deposit:${deposit}`, 'closeTransaction');
    await hub.handle(`deposit:${deposit}`).terminate('in the middle');
    await mend();
    await resume(deposit);
    await hub.reaches(deposit, 'rejected');
    expect(await client.balance()).toEqual({ balance: '0', held: '0' });
  });
});

describe('an operator who wants to end an order that was taken over', () => {
  it.each([
    ['a bank deposit', 'deposit', (client: TestClient) => client.deposit('100.00', { method: 'bank-transfer' })],
    ['a payout that people make', 'payout', (client: TestClient) => client.withdraw('30.00', BANK)],
  ])('cancels %s', async (_what, kind, order) => {
    const client = await hub.clientWith('100', 'USD');
    const id = await order(client);
    await hub.openRequest(id);
    await meddling.terminate(`${kind}:${id}`);
    await resume(id);
    await eventually(async () => (await cancel(id)).status === 200, 'it to be known what was sent');
    await hub.reaches(id, 'cancelled');
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
  });

  it('cancels a deposit whose provider cannot be asked', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    await hub.providerId(deposit);
    await meddling.terminate(`deposit:${deposit}`);
    hub.sandbox('b2binpay').fault({ match: { method: 'GET' }, kind: 'http_500', times: 10_000 });
    await resume(deposit);
    await eventually(async () => (await cancel(deposit)).status === 200, 'it to be cancelled');
    await hub.reaches(deposit, 'cancelled');
  });
});

describe('the sweep', () => {
  const run = { workflowId: 'sweep', runId: '' };
  const terminatedPayout = async (): Promise<number> => {
    const payout = await (await hub.clientWith('100', 'USDT')).withdraw('25.00');
    await hub.openRequest(payout);
    await meddling.terminate(`payout:${payout}`);
    return payout;
  };

  it('sees orders whose run was ended also when somebody ended one with an id of its own', async () => {
    const args = [{ transactionId: 9_999_999, timings: hub.timings }];
    const odd = await hub.client.workflow.start('payout', { workflowId: 'my-own-id', taskQueue: 'hub', args });
    await odd.terminate('a try').catch(() => undefined);
    const payout = await terminatedPayout();
    await eventually(
      async () => (await hub.steering.endedRuns(['payout'])).includes(`payout:${payout}`),
      'it to be listed',
    );
    await askAboutEndedRuns({ pool: hub.pool, steer: hub.steering, run });
    expect((await seen(payout)).needsHuman).toContain('/resume');
  });

  it('asks nobody about an order that came to its end while it looked', async () => {
    const payout = await terminatedPayout();
    await resume(payout);
    const endedRuns = () => Promise.resolve([`payout:${payout}`]);
    const isRunning = async (id: string): Promise<boolean> => {
      const approve = () =>
        hub.decide(payout, boris.id, 'approve').then(
          () => true,
          () => false,
        );
      if ((await hub.stage(payout)) !== 'done') await eventually(approve, 'approval to be asked once more');
      await hub.reaches(payout, 'done');
      await hub.ends(id);
      return false;
    };
    await askAboutEndedRuns({ pool: hub.pool, steer: { endedRuns, isRunning } as never, run });
    expect((await seen(payout)).needsHuman).toBeNull();
  });
});
