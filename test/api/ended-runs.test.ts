/** Somebody terminated a run in Temporal UI, reset it or started it once more: what is held must not stay so, and what was sent must not be sent again. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { asked } from '../kit/asked.ts';
import { eventually, type TestHub } from '../kit/hub.ts';
import { isDecision, isScheduled, Meddling } from '../kit/meddling.ts';
import { type Answer, type Caller, MoneyApi } from './money-hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let boris: Caller;
let meddling: Meddling;

beforeAll(async () => {
  api = await MoneyApi.start({ settleAfter: 600, secondLook: 150 });
  hub = api.hub;
  meddling = new Meddling(hub);
  [olga, boris] = await Promise.all([api.operator(), api.operator()]);
});
afterAll(() => api?.stop());
afterEach(async () => {
  for (const id of ['b2binpay', 'mt5']) hub.sandbox(id).faults.clear();
  await hub.pool.query(`delete from approval_policy where name = 'test withdrawal'`);
});

let sweeps = 0;
const sweep = () => hub.client.workflow.execute('sweep', { workflowId: `sweep-${++sweeps}`, taskQueue: 'hub' });
const resume = (transactionId: number, body: object = {}): Promise<Answer> =>
  olga.call(`POST /transactions/${transactionId}/resume`, body);
const refusal = ({ status, body }: Answer) => [status, body.error?.details[0].reason];
const seen = async (transactionId: number) => (await olga.call(`GET /transactions/${transactionId}`)).body;
const paid = async (transactionId: number): Promise<number> => {
  const { reference } = await seen(transactionId);
  return hub
    .sandbox('b2binpay')
    .books()
    .filter((entry) => entry.kind === 'payout' && entry.reference === reference).length;
};
const ban = (clientId: number) =>
  hub.pool.query(`update client set status = 'banned' where client_id = $1`, [clientId]);

/** A payout of 25 out of 100 that waits for its approval. */
const waiting = async () => {
  const client = await hub.clientWith('100', 'USDT');
  const payout = await client.withdraw('25.00');
  await hub.openRequest(payout);
  return { client, payout };
};

/** The provider has it, and nobody can ask it whether it has. */
const sentInDoubt = async () => {
  const b2binpay = hub.sandbox('b2binpay');
  b2binpay.fault({
    match: { method: 'POST', path: '/payout/', body: '"type":"payout"' },
    kind: 'reset_after_commit',
    times: 1,
  });
  b2binpay.fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 1_000 });
  const { client, payout } = await waiting();
  await hub.decide(payout, boris.id, 'approve');
  await eventually(async () => (await paid(payout)) === 1, 'the provider to have it');
  return { client, payout };
};

const terminated = (transactionId: number, kind = 'payout'): Promise<void> =>
  meddling.terminate(`${kind}:${transactionId}`);

/** While the books refuse it: an attempt under way, which is finished first, would still write once they are mended. */
const terminatedWhileRefused = async (payout: number): Promise<void> => {
  await hub.pause();
  await hub.handle(`payout:${payout}`).terminate('in the middle');
  await hub.resume();
};

const approveOnceAsked = (payout: number): Promise<boolean> =>
  eventually(
    () =>
      hub.decide(payout, boris.id, 'approve').then(
        () => true,
        () => false,
      ),
    'approval to be asked once more',
  );

/** A person who is asked meanwhile, as the provider could not be, says that it is looked for once more. */
const doneOnceLookedFor = (payout: number): Promise<boolean> =>
  eventually(async () => {
    const { rows } = await hub.pool.query<{ id: number }>(
      `select id from application where transaction_id = $1 and status_id = 0`,
      [payout],
    );
    if (rows[0]) await hub.decideRequest(rows[0].id, boris.id, 'continue').catch(() => undefined);
    return (await hub.stage(payout)) === 'done';
  }, `payout ${payout} to be found and booked`);

describe('a payout whose run was terminated', () => {
  it('is put before a person, once, who goes on with it', async () => {
    const { client, payout } = await waiting();
    await terminated(payout);
    await eventually(async () => {
      await sweep();
      return (await seen(payout)).needsHuman?.includes(`/resume`);
    }, 'a person to be told');
    await sweep();
    const { rows } = await hub.pool.query(`select from audit where action = 'transactions.run-ended' and object = $1`, [
      `transaction:${payout}`,
    ]);
    expect(rows).toHaveLength(1);

    const answer = await resume(payout, { comment: 'terminated by mistake' });
    expect([answer.status, answer.body.needsHuman ?? '']).toEqual([200, expect.not.stringContaining('resume')]);
    // The request is there still; its new run has to ask first what the one before it sent.
    await approveOnceAsked(payout);
    await hub.reaches(payout, 'done');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 1]);
    expect(await hub.breaches()).toEqual([]);
  });

  it('after it was sent is found at its provider and booked, though its client was banned meanwhile', async () => {
    const { client, payout } = await sentInDoubt();
    await terminated(payout);
    await ban(client.clientId);
    await resume(payout);
    // As long as nobody can say whether it was paid, nothing is given back.
    await new Promise((done) => setTimeout(done, 1_500));
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    hub.sandbox('b2binpay').faults.clear();
    await doneOnceLookedFor(payout);
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 1]);
  });

  it('after it was sent is not said to be paid twice when its provider tells of it', async () => {
    const { client, payout } = await sentInDoubt();
    await terminated(payout);
    hub.sandbox('b2binpay').faults.clear();
    const { connectionId } = await hub.one<{ connectionId: number }>(
      `select connection_id as "connectionId" from money_transaction where transaction_id = $1`,
      [payout],
    );
    // Its run may have come to asking a person whether it was done.
    const { needsHuman } = await seen(payout);
    await hub.steering.payoutReturn({ transactionId: payout, connectionId, webhookId: '1', said: 'paid' });
    await hub.ends(`payout-return:${payout}`);
    expect((await seen(payout)).needsHuman).toBe(needsHuman);
    await resume(payout);
    await hub.reaches(payout, 'done');
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
  });

  it('before it was sent is not sent to a client who was banned meanwhile, and given back', async () => {
    const { client, payout } = await waiting();
    await terminated(payout);
    await ban(client.clientId);
    await resume(payout);
    await hub.reaches(payout, 'failed');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '100', held: '0' }, 0]);
  });

  it('asks before it sends also when somebody starts it in Temporal UI', async () => {
    const { client, payout } = await sentInDoubt();
    await terminated(payout);
    hub.sandbox('b2binpay').faults.clear();
    const args = [{ transactionId: payout, timings: hub.timings }];
    await hub.client.workflow.start('payout', { workflowId: `payout:${payout}`, taskQueue: 'hub', args });
    await hub.reaches(payout, 'done');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 1]);
  });

  it('asks before it sends also when somebody resets it', async () => {
    const { client, payout } = await sentInDoubt();
    await hub.rests(`payout:${payout}`);
    hub.sandbox('b2binpay').faults.clear();
    await meddling.resetBefore(`payout:${payout}`, isScheduled('createPayout'));
    await hub.reaches(payout, 'done');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 1]);
  });

  it('cannot be cancelled away before it is known what was sent, by whatever way', async () => {
    const byApi = await sentInDoubt();
    const inUi = await sentInDoubt();
    for (const { payout } of [byApi, inUi]) await terminated(payout);
    hub.sandbox('b2binpay').faults.clear();
    await hub.pause();
    await Promise.all([
      resume(inUi.payout),
      hub
        .handle(`payout:${inUi.payout}`)
        .cancel()
        .catch(() => undefined),
    ]);
    await hub.handle(`payout:${inUi.payout}`).cancel();
    await hub.resume();
    await resume(byApi.payout);
    expect(refusal(await olga.call(`POST /transactions/${byApi.payout}/cancel`, {}))).toEqual([409, 'already_done']);
    for (const { client, payout } of [byApi, inUi]) {
      await hub.reaches(payout, 'done');
      expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 1]);
    }
  });

  it('is cancelled by an operator, not by its client, once it is known that nothing was sent', async () => {
    const client = await api.clientWith('100', 'USDT');
    const payout = await client.of.withdraw('25.00');
    await hub.openRequest(payout);
    await terminated(payout);
    const interrupted = await client.call(`POST /my/transactions/${payout}/cancel`, {});
    expect(refusal(interrupted)).toEqual([409, 'not_waiting']);
    expect(interrupted.body.error.details[0].issue).toContain('interrupted');
    await resume(payout);
    await eventually(async () => {
      const answer = await client.call(`POST /my/transactions/${payout}/cancel`, {});
      expect(answer.status).toBeGreaterThanOrEqual(400);
      return refusal(answer)[1] === 'restricted';
    }, 'it to be known what was sent');
    expect((await olga.call(`POST /transactions/${payout}/cancel`, {})).status).toBe(200);
    await hub.reaches(payout, 'cancelled');
    expect([await client.of.balance(), await paid(payout)]).toEqual([{ balance: '100', held: '0' }, 0]);
  });

  it('is not cancelled by its client either who asks before his order was read', async () => {
    const client = await api.clientWith('100', 'USDT');
    const payout = await client.of.withdraw('25.00');
    await hub.openRequest(payout);
    await terminated(payout);
    await hub.pause();
    await resume(payout);
    const locker = await hub.pool.connect();
    await locker.query('begin');
    await locker.query(`select from money_transaction where transaction_id = $1 for update`, [payout]);
    const begins = asked(hub, `payout:${payout}`);
    const cancelling = client.call(`POST /my/transactions/${payout}/cancel`, {});
    await begins;
    await hub.resume();
    await eventually(async () => {
      const { rowCount } = await hub.pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rowCount! > 0;
    }, 'its order to be read');
    await new Promise((done) => setTimeout(done, 500)); // its word is judged meanwhile
    await locker.query('commit');
    locker.release();
    expect(refusal(await cancelling)).toEqual([409, 'already_done']);
    await approveOnceAsked(payout);
    await hub.reaches(payout, 'done');
    expect([await client.of.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 1]);
  });

  it('after people had said no is closed with their no, and pays nobody', async () => {
    const { client, payout } = await waiting();
    const mend = await meddling.refuse('rejected');
    await hub.decide(payout, boris.id, 'reject', { resolutionId: await hub.resolutionId('Request declined') });
    await eventually(async () => (await client.balance()).held === '0', 'the hold to be given back');
    await terminatedWhileRefused(payout);
    await mend();
    await resume(payout);
    await hub.reaches(payout, 'rejected');
    expect((await seen(payout)).resolution).toBe('Request declined');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '100', held: '0' }, 0]);
    expect(await hub.breaches()).toEqual([]);
  });

  it('while its hold is given back at that very moment pays nobody', async () => {
    const { client, payout } = await waiting();
    const locker = await hub.pool.connect();
    await locker.query('begin');
    await locker.query(`select from ledger_account where code = $1 for update`, [`wallet:${client.wallet}`]);
    await hub.decide(payout, boris.id, 'reject', { resolutionId: await hub.resolutionId('Request declined') });
    await meddling.isUnderWay(`payout:${payout}`, 'releaseHold');
    await hub.handle(`payout:${payout}`).terminate('impatient');
    const resumed = resume(payout); // waits, as everybody does who takes it over
    await new Promise((done) => setTimeout(done, 500));
    await locker.query('commit');
    locker.release();
    expect((await resumed).status).toBe(200);
    await hub.reaches(payout, 'rejected');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '100', held: '0' }, 0]);
  });

  it('after a person had marked it as done asks a person, and does not send it', async () => {
    await hub.approvals('withdrawal', 0);
    const b2binpay = hub.sandbox('b2binpay');
    b2binpay.fault({
      match: { method: 'POST', path: '/payout/', body: '"type":"payout"' },
      kind: 'reset',
      times: 1_000,
    });
    b2binpay.fault({ match: { method: 'GET', path: '/payout/' }, kind: 'http_500', times: 1_000 });
    const client = await hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    const isAsked = async () => (await hub.openRequest(payout)).purpose === 'assistance';
    await eventually(isAsked, 'a person to be asked');
    const mend = await meddling.refuse('done');
    await hub.decide(payout, boris.id, 'mark_done', { comment: 'paid by hand' });
    await meddling.isUnderWay(`payout:${payout}`, 'bookPayout');
    await terminatedWhileRefused(payout);
    await mend();
    b2binpay.faults.clear();
    await resume(payout);
    await eventually(isAsked, 'a person to be asked once more');
    expect((await seen(payout)).needsHuman).toContain('somebody said "mark_done"');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '100', held: '25' }, 0]);
    await hub.decide(payout, boris.id, 'mark_done', { comment: 'paid by hand, as I said' });
    await hub.reaches(payout, 'done');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 0]);
  });

  it('is put before a person also when it is ended once more', async () => {
    const { payout } = await waiting();
    const told = () =>
      eventually(async () => {
        await sweep();
        return (await seen(payout)).needsHuman?.includes(`/resume`);
      }, 'a person to be told');
    await terminated(payout);
    await told();
    const args = [{ transactionId: payout, timings: hub.timings }];
    await hub.client.workflow.start('payout', { workflowId: `payout:${payout}`, taskQueue: 'hub', args });
    await eventually(async () => !(await seen(payout)).needsHuman?.includes('/resume'), 'its run to take that back');
    await terminated(payout);
    await told();
  });

  it('cannot be gone on with while its run goes on, nor when it is over, nor by who may not', async () => {
    const { payout } = await waiting();
    expect(refusal(await resume(payout))).toEqual([409, 'not_waiting']);
    await hub.decide(payout, boris.id, 'approve');
    await hub.reaches(payout, 'done');
    expect(refusal(await resume(payout))).toEqual([409, 'not_waiting']);
    expect(refusal(await olga.call(`POST /transactions/${payout}/cancel`, {}))).toEqual([409, 'already_done']);
    expect(refusal(await resume(9_999_999))).toEqual([404, 'not_found']);
    expect(refusal(await resume(payout, { why: 'x' }))).toEqual([400, 'validation']);
    const reader = await api.operator(['transactions.read']);
    expect((await reader.call(`POST /transactions/${payout}/resume`, {})).status).toBe(403);
  });
});

describe('a payout whose run was reset', () => {
  it('to before its approval is not given back for a ban, because it was sent', async () => {
    const { client, payout } = await sentInDoubt();
    await ban(client.clientId);
    await hub.rests(`payout:${payout}`);
    await meddling.resetBefore(`payout:${payout}`, isDecision);
    await new Promise((done) => setTimeout(done, 1_500));
    expect(await client.balance()).toEqual({ balance: '100', held: '25' });
    hub.sandbox('b2binpay').faults.clear();
    await doneOnceLookedFor(payout);
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '75', held: '0' }, 1]);
  });

  it('after its hold was given back pays nobody', async () => {
    const { client, payout } = await waiting();
    await ban(client.clientId);
    const mend = await meddling.refuse('failed');
    await hub.decide(payout, boris.id, 'approve');
    await eventually(async () => (await client.balance()).held === '0', 'the hold to be given back');
    await hub.pool.query(`update client set status = 'active' where client_id = $1`, [client.clientId]);
    await meddling.resetBefore(`payout:${payout}`, isDecision);
    await mend();
    await hub.reaches(payout, 'failed');
    expect([await client.balance(), await paid(payout)]).toEqual([{ balance: '100', held: '0' }, 0]);
    expect(await hub.breaches()).toEqual([]);
  });
});

describe('a deposit whose run was terminated', () => {
  it('is credited once when it was paid meanwhile', async () => {
    const client = await hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    const page = await hub.providerId(deposit);
    await terminated(deposit, 'deposit');
    await hub.sandbox('b2binpay').pay(page, {});
    const { reference, connectionId } = await hub.one<{ reference: string; connectionId: number }>(
      `select reference, connection_id as "connectionId" from money_transaction where transaction_id = $1`,
      [deposit],
    );
    await hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'paid' });
    await hub.ends(`arrivals:${reference}`);
    await resume(deposit);
    await hub.reaches(deposit, 'done');
    await sweep();
    expect(await client.balance()).toEqual({ balance: '100', held: '0' });
    const { rows } = await hub.pool.query(`select from money_transaction where client_id = $1`, [client.clientId]);
    expect(rows).toHaveLength(1);
  });
});

describe('a transfer to a trading account whose run was terminated', () => {
  const moved = (login: string) =>
    hub
      .sandbox('mt5')
      .books()
      .filter((entry) => entry.account === login).length;

  /** The platform has it, and nobody can ask it whether it has. */
  const inDoubt = async () => {
    const client = await hub.clientWith('500', 'USD');
    const { accountId, login } = await hub.openTradingAccount(client.clientId);
    const mt5 = hub.sandbox('mt5');
    mt5.fault({ match: { path: '/api/trade/balance' }, kind: 'reset_after_commit', times: 1 });
    mt5.fault({ match: { path: '/api/deal' }, kind: 'http_500', times: 1_000 });
    const transfer = await client.transfer('120.00', client.wallet, accountId);
    await eventually(async () => moved(login) === 1, 'the platform to have it');
    return { client, login, transfer };
  };

  it('after the platform had taken it is booked, and not paid in again', async () => {
    const { client, login, transfer } = await inDoubt();
    await terminated(transfer, 'transfer');
    hub.sandbox('mt5').faults.clear();
    await resume(transfer);
    await hub.reaches(transfer, 'done');
    expect([await client.balance(), moved(login)]).toEqual([{ balance: '380', held: '0' }, 1]);
    expect(await hub.breaches()).toEqual([]);
  });

  it('from there cannot be cancelled away after the platform had given it', async () => {
    const client = await hub.clientWith('500', 'USD');
    const { accountId, login } = await hub.openTradingAccount(client.clientId);
    await hub.reaches(await client.transfer('120.00', client.wallet, accountId), 'done');
    const mt5 = hub.sandbox('mt5');
    mt5.fault({ match: { path: '/api/trade/balance' }, kind: 'reset_after_commit', times: 1 });
    mt5.fault({ match: { path: '/api/deal' }, kind: 'http_500', times: 1_000 });
    const transfer = await client.transfer('50.00', accountId, client.wallet);
    await eventually(async () => moved(login) === 2, 'the platform to have given it');
    await terminated(transfer, 'transfer');
    mt5.faults.clear();
    await hub.pause();
    await resume(transfer);
    await hub.handle(`transfer:${transfer}`).cancel();
    await hub.resume();
    await hub.reaches(transfer, 'done');
    expect([await client.balance(), moved(login)]).toEqual([{ balance: '430', held: '0' }, 2]);
  });

  it('is not paid in again when somebody starts it in Temporal UI, or resets it', async () => {
    const started = await inDoubt();
    await terminated(started.transfer, 'transfer');
    hub.sandbox('mt5').faults.clear();
    const args = [{ transactionId: started.transfer, timings: hub.timings }];
    const workflowId = `transfer:${started.transfer}`;
    await hub.client.workflow.start('transfer', { workflowId, taskQueue: 'hub', args });
    await hub.reaches(started.transfer, 'done'); // while its platform can be asked
    const wasReset = await inDoubt();
    await hub.rests(`transfer:${wasReset.transfer}`);
    hub.sandbox('mt5').faults.clear();
    await meddling.resetBefore(`transfer:${wasReset.transfer}`, isScheduled('applyBalance'));
    for (const { client, login, transfer } of [started, wasReset]) {
      await hub.reaches(transfer, 'done');
      expect([await client.balance(), moved(login)]).toEqual([{ balance: '380', held: '0' }, 1]);
    }
  });
});
