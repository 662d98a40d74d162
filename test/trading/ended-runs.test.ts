/** Somebody terminated the run that opens or changes an account, or reset it: it goes on, and asks the platform before it makes anything twice. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { beginAnew } from '../../activities/ops/begin-anew.ts';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestHub } from '../kit/hub.ts';
import { isScheduled, Meddling } from '../kit/meddling.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let meddling: Meddling;
let productCurrencyId: number;

beforeAll(async () => {
  api = await MoneyApi.start({ settleAfter: 600, secondLook: 150 }, ['paper']);
  hub = api.hub;
  meddling = new Meddling(hub);
  olga = await api.operator();
  productCurrencyId = await hub.tradingProduct('paper', ['paper-usd']);
});
afterAll(() => api?.stop());
afterEach(() => hub.sandbox('paper').faults.clear());

const paper = () => hub.sandbox('paper');
const down = () => paper().fault({ match: {}, kind: 'reset', times: 1_000 });
/** The next one of these is lost on its way back, and nobody can ask the platform about it. */
const lost = (match: { method: string; path?: string }) => {
  paper().fault({ match, kind: 'reset_after_commit', times: 1 });
  down();
};
/** True as long as nothing like it reached the platform. */
const watch = (match: { method: string; path?: string }) => {
  paper().fault({ match, kind: 'reset', times: 1 });
  return () => paper().faults.open().length === 1;
};

/** With nothing under way: an attempt that was begun would still arrive, later. */
const terminate = async (workflowId: string) => {
  await hub.pause();
  const runId = await meddling.runOf(workflowId);
  await hub.handle(workflowId).terminate('by mistake');
  await hub.resume();
  return runId;
};
const audited = async (object: string): Promise<string[]> =>
  (
    await hub.pool.query<{ action: string }>(`select action from audit where object = $1 and actor = 'workflow'`, [
      object,
    ])
  ).rows.map(({ action }) => action);

const CREATE = { method: 'POST', path: '/accounts' };

/** Whose first attempt arrived, unheard. */
const opening = async () => {
  const ann = await api.clientWith('0', 'USD');
  lost(CREATE);
  const { body } = await api.hastily(ann, 'POST /my/accounts', { productCurrencyId });
  expect(body.accountNumber).toBe('');
  await eventually(async () => paper().faults.open().length === 1, 'the first attempt');
  return { ann, accountId: body.accountId as number, workflowId: `open-account:${body.accountId}` };
};
const isOpen = (ann: Caller, accountId: number) =>
  eventually(async () => (await ann.call(`GET /my/accounts/${accountId}`)).body.accountNumber, 'it to be open');

describe('an account that is being opened', () => {
  it('goes on when its run was terminated, and is looked for before it is asked for again', async () => {
    const { ann, accountId, workflowId } = await opening();
    const runId = await terminate(workflowId);
    paper().faults.clear();
    const noneWasAskedFor = watch(CREATE);
    await meddling.begunAnew(workflowId, runId);
    await isOpen(ann, accountId);
    expect(noneWasAskedFor()).toBe(true);
    await hub.ends(workflowId);
    expect(await audited(`account:${accountId}`)).toEqual(['runs.begun-anew', 'account.opened']);
  });

  it('is looked for before it is asked for again also when its run was reset', async () => {
    const { ann, accountId, workflowId } = await opening();
    await meddling.resetBefore(workflowId, isScheduled('createAccount'));
    paper().faults.clear();
    const noneWasAskedFor = watch(CREATE);
    await isOpen(ann, accountId);
    expect(noneWasAskedFor()).toBe(true);
    await hub.ends(workflowId);
  });

  it('is asked for again when the platform never saw it', async () => {
    const ann = await api.clientWith('0', 'USD');
    down();
    const { body } = await api.hastily(ann, 'POST /my/accounts', { productCurrencyId });
    const runId = await terminate(`open-account:${body.accountId}`);
    paper().faults.clear();
    await meddling.begunAnew(`open-account:${body.accountId}`, runId);
    await isOpen(ann, body.accountId);
    await hub.ends(`open-account:${body.accountId}`);
  });

  it('whose run failed for good rests for an hour before it is begun anew', async () => {
    const { rows } = await hub.pool.query<{ id: number }>(`select account_id as id from account limit 1`);
    await hub.pool.query(`update account set status = 'opening' where account_id = $1`, [rows[0]!.id]);
    const begun: string[] = [];
    const failed = (ago: number) => ({
      endedRuns: () => Promise.resolve([`open-account:${rows[0]!.id}`]),
      standing: () => Promise.resolve({ running: false, failedAt: new Date(Date.now() - ago) }),
      startWaiting: ({ workflowId }: { workflowId: string }) => Promise.resolve(void begun.push(workflowId)),
    });
    const run = { workflowId: 'sweep', runId: '' };
    await beginAnew({ pool: hub.pool, steer: failed(3_500_000) as never, run });
    expect(begun).toEqual([]);
    await beginAnew({ pool: hub.pool, steer: failed(3_700_000) as never, run });
    expect(begun).toEqual([`open-account:${rows[0]!.id}`]);
    await hub.pool.query(`update account set status = 'active' where account_id = $1`, [rows[0]!.id]);
  });
});

describe('a change of an account', () => {
  const SET = { method: 'PATCH' };
  /** Leverage 500, of which the platform heard or did not. */
  const changing = async (first: () => void) => {
    const ann = await api.clientWith('0', 'USD');
    const { accountId } = (await ann.call('POST /my/accounts', { productCurrencyId, leverage: '100' })).body;
    first();
    const { body } = await api.hastily(ann, `PATCH /my/accounts/${accountId}`, { leverage: 500 });
    const { id } = body.pendingChange;
    await eventually(async () => paper().faults.open().length === 1, 'the first attempt');
    const runId = await terminate(`account-change:${id}`);
    paper().faults.clear();
    return { ann, accountId, id: id as number, runId, workflowId: `account-change:${id}` };
  };
  const state = (id: number, wanted: string) =>
    eventually(async () => (await olga.call(`GET /account-changes/${id}`)).body.state === wanted, `it to be ${wanted}`);

  it('goes on when its run was terminated', async () => {
    const { ann, accountId, id, runId, workflowId } = await changing(down);
    await meddling.begunAnew(workflowId, runId);
    await state(id, 'done');
    expect((await ann.call(`GET /my/accounts/${accountId}`)).body).toMatchObject({
      leverage: 500,
      pendingChange: null,
    });
    expect(await audited(`account:${accountId}`)).toContain('runs.begun-anew');
    await hub.ends(workflowId);
  });

  it('is withdrawn although its run was terminated, and the account may be changed again', async () => {
    const { ann, accountId, id, workflowId } = await changing(down);
    down(); // until it is answered nobody can tell whether it had arrived
    const { status, body } = await ann.call(`POST /my/account-changes/${id}/withdraw`);
    expect([status, body.state]).toEqual([200, 'withdrawing']);
    paper().faults.clear();
    await state(id, 'withdrawn');
    expect((await ann.call(`PATCH /my/accounts/${accountId}`, { leverage: 200 })).body.leverage).toBe(200);
    await hub.ends(workflowId);
  });

  it('that had arrived when its run was terminated is found set, also when it is withdrawn', async () => {
    const { ann, accountId, id, workflowId } = await changing(() => lost(SET));
    const noneWasSent = watch(SET);
    await ann.call(`POST /my/account-changes/${id}/withdraw`);
    await state(id, 'done');
    expect((await ann.call(`GET /my/accounts/${accountId}`)).body.leverage).toBe(500);
    expect(noneWasSent()).toBe(true);
    await hub.ends(workflowId);
  });

  it('that had arrived when its run was reset is found set when it is withdrawn', async () => {
    const ann = await api.clientWith('0', 'USD');
    const { accountId } = (await ann.call('POST /my/accounts', { productCurrencyId, leverage: '100' })).body;
    lost(SET);
    const { body } = await api.hastily(ann, `PATCH /my/accounts/${accountId}`, { leverage: 500 });
    const { id } = body.pendingChange;
    await eventually(async () => paper().faults.open().length === 1, 'the first attempt');
    await meddling.resetBefore(`account-change:${id}`, isScheduled('setAccount'));
    await ann.call(`POST /my/account-changes/${id}/withdraw`);
    paper().faults.clear();
    await state(id, 'done');
    expect((await ann.call(`GET /my/accounts/${accountId}`)).body.leverage).toBe(500);
    await hub.ends(`account-change:${id}`);
  });
});
