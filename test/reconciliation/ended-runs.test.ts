/** Somebody ended the run of a comparison or of a difference in Temporal: no day is lost, and no difference is left without anybody who hears of it. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestHub } from '../kit/hub.ts';
import { Meddling } from '../kit/meddling.ts';
import { Comparing } from './comparing.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let books: Comparing;
let meddling: Meddling;

beforeAll(async () => {
  api = await MoneyApi.start({ settleAfter: 1_000, secondLook: 100 });
  hub = api.hub;
  olga = await api.operator();
  books = new Comparing(api, olga);
  meddling = new Meddling(hub);
});
afterAll(() => api?.stop());
afterEach(async () => {
  hub.sandbox('mt5').faults.clear();
  await hub.pool.query(
    `update connection_health set state = 'closed', failures_in_row = 0, trials = 0, paused_until = null`,
  );
});

/** One whose provider is silent. */
const waiting = async () => {
  await books.trader();
  hub.sandbox('mt5').fault({ match: {}, kind: 'http_500', times: 1_000 });
  const run = await books.order('mt5');
  await eventually(async () => (await books.seen(run.id)).waitsFor, 'the comparison to say what it waits for');
  return run;
};

it('a comparison whose run was terminated is begun anew, and comes to its end', async () => {
  const { id, workflowId } = await waiting();
  const runId = await meddling.runOf(workflowId);
  await hub.handle(workflowId).terminate('by mistake');
  hub.sandbox('mt5').faults.clear();
  await meddling.begunAnew(workflowId, runId);
  expect(await books.ended(id)).toMatchObject({ state: 'done', waitsFor: null });
  const { rows } = await hub.pool.query(
    `select object from audit where action = 'runs.begun-anew' and object = 'reconciliation:' || $1`,
    [id],
  );
  expect(rows).toHaveLength(1);
});

it('a comparison that was cancelled says so, stays so, and can be ordered again', async () => {
  const { id, workflowId, window } = await waiting();
  const runId = await meddling.runOf(workflowId);
  await hub.handle(workflowId).cancel();
  const isCancelled = async () => (await hub.handle(workflowId).describe()).status.name === 'CANCELLED';
  await eventually(isCancelled, 'its run to end');
  expect(await books.seen(id)).toMatchObject({ state: 'cancelled', waitsFor: null, processTime: expect.any(String) });
  hub.sandbox('mt5').faults.clear();
  await meddling.sweep();
  expect(await meddling.runOf(workflowId)).toBe(runId);
  // As it stands before its new run has begun.
  await hub.pause();
  expect((await olga.call('POST /reconciliations', window)).body).toMatchObject({ id, state: 'waiting' });
  await hub.resume();
  expect(await books.ended(id)).toMatchObject({ state: 'done' });
});

it('a difference whose run was terminated is watched again, and a person is heard', async () => {
  const one = await books.trader();
  await books.dealerBooks(one, 'deposit', '11.00', 'bonus');
  await books.compare('mt5');
  const [{ id, workflowId }] = await books.ofAccount(one);
  const request = await books.requestOf(id);
  const runId = await meddling.runOf(workflowId);
  await hub.handle(workflowId).terminate('by mistake');
  await meddling.begunAnew(workflowId, runId);
  const approve = () => olga.call(`POST /applications/${request.id}/approve`, { comment: 'a bonus' });
  await eventually(async () => (await approve()).status === 200, 'the decision to be taken');
  await hub.ends(workflowId);
  expect(await books.ofAccount(one)).toEqual([expect.objectContaining({ id, state: 'settled', note: 'a bonus' })]);
});

it('a decision about a difference whose run was terminated begins it anew, and is taken', async () => {
  const one = await books.trader();
  await books.dealerBooks(one, 'deposit', '12.00', 'bonus');
  await books.compare('mt5');
  const [{ id, workflowId }] = await books.ofAccount(one);
  const request = await books.requestOf(id);
  await hub.handle(workflowId).terminate('by mistake');
  const approve = () => olga.call(`POST /applications/${request.id}/approve`, { comment: 'a bonus' });
  // Where nothing sweeps: the decision alone does it.
  await eventually(async () => (await approve()).status === 200, 'the decision to be taken');
  await hub.ends(workflowId);
  expect(await books.ofAccount(one)).toEqual([expect.objectContaining({ id, state: 'settled' })]);
});

it('a decision that comes as somebody else has settled the difference is told so, and begins nothing anew', async () => {
  const one = await books.trader();
  await books.dealerBooks(one, 'deposit', '13.00', 'bonus');
  await books.compare('mt5');
  const [{ id, workflowId }] = await books.ofAccount(one);
  const request = await books.requestOf(id);
  const runId = await meddling.runOf(workflowId);
  await hub.handle(workflowId).terminate('by mistake');
  // The moment in between: the request was read as open, and the difference is settled by now.
  await hub.pool.query(`update reconciliation_difference set state = 'settled', process_time = now() where id = $1`, [
    id,
  ]);
  const { status, body } = await olga.call(`POST /applications/${request.id}/approve`, { comment: 'a bonus' });
  expect([status, body.error.details[0].reason]).toEqual([409, 'not_waiting']);
  expect(await meddling.runOf(workflowId)).toBe(runId);
});
