/** What comes to light of payouts and deposits that are over, as operators see it at the API and in Temporal UI. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { post } from '../../db/repositories/ledger.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually } from '../kit/hub.ts';

let api: MoneyApi;
let olga: Caller;
let masked: Caller;

beforeAll(async () => {
  api = await MoneyApi.start();
  [olga, masked] = [await api.operator(), await api.operator()];
  await api.hub.pool.query(`update hub_user set mask_data = true where id = $1`, [masked.id]);
});
afterAll(() => api?.stop());
afterEach(() => api.hub.sandbox('b2binpay').reset());

const payouts = { match: { method: 'POST', path: '/payout/', body: '"type":"payout"' } };
const looks = { match: { method: 'GET', path: '/payout/' } };

/** A payout that the provider has, whose answer was lost, and about which it cannot be asked. 25.02 never leaves. */
const payoutInDoubt = async (amount = '25.00') => {
  const sandbox = api.hub.sandbox('b2binpay');
  sandbox.fault({ ...payouts, kind: 'reset_after_commit', times: 1 });
  sandbox.fault({ ...looks, kind: 'http_500', times: 1_000 });
  const client = await api.hub.clientWith('100', 'USDT');
  const payout = await client.withdraw(amount);
  await api.hub.decide(payout, olga.id, 'approve');
  await api.hub.reaches(payout, 'assistance');
  return { client, payout };
};

/** It ended as failed on an operator's word, and the provider pays it nevertheless. */
const paidAlthoughFailed = async () => {
  const { client, payout } = await payoutInDoubt();
  await api.hub.decide(payout, olga.id, 'mark_failed', { comment: 'Ann told me on the phone' });
  await api.hub.reaches(payout, 'failed');
  api.hub.sandbox('b2binpay').faults.clear();
  await callback(payout);
  const run = `payout-return:${payout}`;
  await asks(run);
  return { client, payout, run };
};

const callback = async (transactionId: number): Promise<void> => {
  const { connectionId } = await placeOf(transactionId);
  await api.hub.steering.payoutReturn({ transactionId, connectionId, webhookId: '1', said: 'paid' });
};

const placeOf = (transactionId: number) =>
  api.hub.one<{ reference: string; connectionId: number }>(
    `select reference, connection_id as "connectionId" from money_transaction where transaction_id = $1`,
    [transactionId],
  );

const shown = async (transactionId: number, by = olga) => (await by.call(`GET /transactions/${transactionId}`)).body;
const attributesOf = async (run: string) => (await api.hub.handle(run).describe()).searchAttributes;
const detailsOf = async (run: string): Promise<string> =>
  JSON.stringify(await api.hub.handle(run).query('__temporal_workflow_metadata'));
const asks = (run: string) =>
  eventually(async () => (await attributesOf(run))['HubNeedsHuman']?.[0] === true, `${run} to ask for a person`);
const isCancelled = (run: string) =>
  eventually(async () => (await api.hub.handle(run).describe()).status.name === 'CANCELLED', `${run} to end`);
const unsettled = async (): Promise<number> => {
  const { data } = (await olga.call('GET /applications/notifications')).body;
  return data.find(({ type }: { type: string }) => type === 'unsettled')?.count ?? 0;
};
const needsHuman = async (): Promise<number> => {
  await new Promise((passed) => setTimeout(passed, 1_100)); // figures are remembered for a second
  const figures = await (await fetch(`${api.url}/metrics`)).text();
  return Number(/^hub_needs_human (\d+)/m.exec(figures)![1]);
};
const auditOf = async (transactionId: number, action: string) =>
  (
    await api.hub.pool.query<{ actor: string; before: unknown; after: unknown; time: Date }>(
      `select actor, before, after, create_time as time from audit where object = $1 and action = $2`,
      [`transaction:${transactionId}`, action],
    )
  ).rows;

describe('a payout that was paid although it had ended', () => {
  it('is seen where operators look: at the transaction, in the counts, in the list, and in its run', async () => {
    const [before, figure] = [await unsettled(), await needsHuman()];
    const { client, payout, run } = await paidAlthoughFailed();
    const why = (await shown(payout)).needsHuman;
    expect(why).toContain(`25 USDT of payout ${payout} of client ${client.clientId}, which ended as failed`);
    expect([await unsettled(), await needsHuman()]).toEqual([before + 1, figure + 1]);
    const { data } = (await olga.call('GET /transactions?filter[needsHuman]=true')).body;
    expect(data.map((one: { transactionId: number }) => one.transactionId)).toContain(payout);

    expect(await attributesOf(run)).toMatchObject({
      ...{ HubKind: ['payout-return'], HubStatus: ['assistance'], HubNeedsHuman: [true] },
      ...{ HubClient: [`client-${client.clientId}`], HubProvider: ['b2binpay'] },
      ...{ HubCurrency: ['USDT'], HubAmount: [25] },
    });
    expect(await detailsOf(run)).toContain(`payout-return of payout ${payout}: 25 USDT of client ${client.clientId}`);
  });

  it('is not asked about again once the run was cancelled, whatever callback comes, and the audit tells of it', async () => {
    const { payout, run } = await paidAlthoughFailed();
    await api.hub.handle(run).cancel();
    await isCancelled(run);
    expect(await attributesOf(run)).toMatchObject({ HubNeedsHuman: [false], HubStatus: ['done'] });
    expect((await shown(payout)).needsHuman).toBeNull();
    expect(await auditOf(payout, 'payout.settled')).toMatchObject([
      { actor: 'workflow', before: { why: expect.stringContaining('has it twice') } },
    ]);

    await callback(payout);
    await api.hub.ends(run);
    expect((await shown(payout)).needsHuman).toBeNull();
    expect(await auditOf(payout, 'payout.contradicted')).toHaveLength(1);
  });

  it('is asked about anew when the provider says something else after it was settled, with a word of that', async () => {
    const { payout, run } = await paidAlthoughFailed();
    await api.hub.handle(run).cancel();
    await isCancelled(run);
    const { id } = await api.hub.one<{ id: string }>(
      `select replace(what, 'payout:', '') as id from settled_payment where reference = $1`,
      [(await placeOf(payout)).reference],
    );
    const theirs = api.hub
      .sandbox('b2binpay')
      .books()
      .filter((entry) => entry.kind === 'payout')
      .at(-1)!;
    await api.hub.sandbox('b2binpay').advance(theirs.id, 'return');
    await callback(payout);
    await asks(run);
    const why = (await shown(payout)).needsHuman;
    expect(why).toContain('does not pay 25 USDT');
    expect(why).toContain(`Settled before: payout:${id}`);
    await api.hub.handle(run).cancel();
    await isCancelled(run);
    await callback(payout);
    await api.hub.ends(run);
  });

  it('is settled as it was read: what the provider has told since then is asked on', async () => {
    const { payout, run } = await paidAlthoughFailed();
    const { needsHuman: read } = await shown(payout);
    await api.hub.sandbox('b2binpay').advance(
      api.hub
        .sandbox('b2binpay')
        .books()
        .findLast((entry) => entry.kind === 'payout')!.id,
      'other_amount',
    );
    await callback(payout);
    await eventually(async () => (await shown(payout)).needsHuman !== read, 'the other amount');
    const comment = 'taken back by correction 9';
    expect(await olga.call(`POST /transactions/${payout}/settle`, { comment, needsHuman: read })).toMatchObject({
      ...{ status: 409, body: { error: { details: [{ reason: 'not_waiting', field: 'needsHuman' }] } } },
    });
    const { needsHuman } = await shown(payout);
    expect(needsHuman).toContain('it pays 26 USDT');
    const masksIt = await masked.call(`POST /transactions/${payout}/settle`, { comment, needsHuman });
    expect(masksIt.status).toBe(409);
    expect(await olga.call(`POST /transactions/${payout}/settle`, { comment, needsHuman })).toMatchObject({
      ...{ status: 200, body: { needsHuman: null } },
    });
    await api.hub.ends(run);
    expect(await auditOf(payout, 'transactions.settle')).toMatchObject([
      { after: { settled: ['payout:succeeded:26'] } },
    ]);
  });

  it('is settled at the API by somebody who says how, which ends its run and is in the audit under his name', async () => {
    const { payout, run } = await paidAlthoughFailed();
    const comment = 'taken back by withdrawal 9';
    expect(await olga.call(`POST /transactions/${payout}/settle`, { comment })).toMatchObject({
      ...{ status: 200, body: { needsHuman: null, status: 'failed' } },
    });
    await api.hub.ends(run);
    expect(await auditOf(payout, 'transactions.settle')).toMatchObject([
      { actor: `user:${olga.id}`, after: { comment, settled: [expect.stringMatching(/^payout:.*:25/)] } },
    ]);
    await callback(payout);
    await api.hub.ends(run);
    expect((await shown(payout)).needsHuman).toBeNull();
    expect(await olga.call(`POST /transactions/${payout}/settle`, { comment })).toMatchObject({
      ...{ status: 409, body: { error: { details: [{ reason: 'not_waiting' }] } } },
    });
  });
});

describe('a payout that is done, and that its provider does not pay', () => {
  /** Somebody said that it was paid, of one that never left. */
  const neverPaid = async () => {
    const { client, payout } = await payoutInDoubt('25.02');
    await api.hub.decide(payout, olga.id, 'mark_done');
    await api.hub.reaches(payout, 'done');
    api.hub.sandbox('b2binpay').faults.clear();
    return { client, payout, run: `payout-return:${payout}` };
  };

  /** It was paid, and a reorganised chain has forgotten it. */
  const goneFromTheChain = async () => {
    const sandbox = api.hub.sandbox('b2binpay');
    const client = await api.hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await api.hub.decide(payout, olga.id, 'approve');
    await api.hub.reaches(payout, 'done');
    const id = await api.hub.providerId(payout);
    for (const to of ['transfer:0', 'confirmations:0', 'transfer:-1']) await sandbox.advance(id, to);
    await callback(payout);
    const run = `payout-return:${payout}`;
    await asks(run);
    return { client, payout, run, id, sandbox };
  };

  it('is put before a person when somebody had said that it was paid, and moves nothing by itself', async () => {
    const before = await unsettled();
    const { client, payout, run } = await neverPaid();
    await callback(payout);
    await asks(run);
    const view = await shown(payout);
    expect(view).toMatchObject({ status: 'done' });
    expect(view.needsHuman).toContain(`it does not pay 25.02 USDT of payout ${payout} of client ${client.clientId}`);
    expect(view.needsHuman).toContain('Booked are 25.02 USDT as paid and 0 as come back');
    expect(await unsettled()).toBe(before + 1);
    expect(await client.balance()).toEqual({ balance: '74.98', held: '0' });
    expect(await auditOf(payout, 'payout.contradicted')).toHaveLength(1);

    await callback(payout);
    await api.hub.rests(run);
    expect(await auditOf(payout, 'payout.contradicted')).toHaveLength(1);
    await olga.call(`POST /transactions/${payout}/settle`, { comment: 'given back by correction 9' });
    await api.hub.ends(run);
    await callback(payout);
    await api.hub.ends(run);
    expect(await shown(payout)).toMatchObject({ needsHuman: null, status: 'done' });
  });

  it('is put before a person when its provider had said that it was paid', async () => {
    const { payout, run } = await goneFromTheChain();
    expect((await shown(payout)).needsHuman).toContain('it does not pay 25 USDT');
    await api.hub.handle(run).cancel();
    await isCancelled(run);
  });

  it('is put before a person once more when it is paid after all, for the client may have got it back', async () => {
    const { payout, run, id, sandbox } = await goneFromTheChain();
    await olga.call(`POST /transactions/${payout}/settle`, { comment: 'given back by correction 9' });
    await api.hub.ends(run);
    await sandbox.advance(id, 'transfer:2');
    await callback(payout);
    await asks(run);
    const why = (await shown(payout)).needsHuman;
    expect(why).toContain(`it pays 25 USDT of payout ${payout}`);
    expect(why).toContain('Settled before: payout:failed:unknown');
    await api.hub.handle(run).cancel();
    await isCancelled(run);
  });

  it('is not given back a second time when it comes back after a person was asked: he says who gets it', async () => {
    const { client, payout, run, id, sandbox } = await goneFromTheChain();
    for (const to of ['transfer:1', 'confirmations:999', 'return']) await sandbox.advance(id, to);
    await callback(payout);
    await eventually(async () => (await shown(payout)).needsHuman.includes('came back'), 'the new question');
    expect(await client.balance()).toEqual({ balance: '75', held: '0' });
    await api.hub.handle(run).cancel();
    await isCancelled(run);
  });

  it('is nothing new while it is paid, whatever else a callback says', async () => {
    const client = await api.hub.clientWith('100', 'USDT');
    const payout = await client.withdraw('25.00');
    await api.hub.decide(payout, olga.id, 'approve');
    await api.hub.reaches(payout, 'done');
    await callback(payout);
    await api.hub.ends(`payout-return:${payout}`);
    expect((await shown(payout)).needsHuman).toBeNull();
  });
});

describe('a deposit that was taken back and is not covered', () => {
  it('shows what was taken from the client and what he owes, until somebody settles it', async () => {
    const sandbox = api.hub.sandbox('b2binpay');
    const client = await api.hub.clientWith('0', 'USDT');
    const deposit = await client.deposit('100.00');
    const id = await api.hub.providerId(deposit);
    await sandbox.pay(id, {});
    await api.hub.reaches(deposit, 'done');
    expect(await shown(deposit)).toMatchObject({ reversals: [], needsHuman: null });
    await post(api.hub.pool, `test:spent:${deposit}`, [
      { do: 'post', from: walletCode(client.wallet), to: 'house:income:USDT', amount: '70' },
    ]);
    await sandbox.advance(id, 'transfer:-1');
    const { reference, connectionId } = await placeOf(deposit);
    await api.hub.steering.arrivals({ reference, connectionId, webhookId: '1', said: 'transfer -1' });
    const run = `arrivals:${reference}`;
    await asks(run);
    const amounts = { amount: '100', takenFromClient: '30', takenFromIncome: '0', owed: '70' };
    const view = await shown(deposit);
    expect(view.reversals).toMatchObject([
      {
        ...{ id: expect.any(Number), kind: 'return', state: 'done', createTime: expect.any(String) },
        ...Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, `${value}.${'0'.repeat(18)}`])),
      },
    ]);
    expect(view.needsHuman).toContain("70 of it the client's wallet did not cover");
    expect(await attributesOf(run)).toMatchObject({
      ...{ HubKind: ['arrivals'], HubClient: [`client-${client.clientId}`], HubCurrency: ['USDT'], HubAmount: [100] },
    });
    expect(await detailsOf(run)).toContain(`deposit ${deposit}: 100 USDT of client ${client.clientId}`);

    await olga.call(`POST /transactions/${deposit}/settle`, { comment: 'he paid it by card' });
    await api.hub.ends(run);
    expect(await attributesOf(run)).toMatchObject({ HubNeedsHuman: [false] });
    expect((await shown(deposit)).needsHuman).toBeNull();
  });
});

describe('a payout whose outcome is unknown', () => {
  it('says how it is looked up at the provider, and what callbacks have said meanwhile', async () => {
    const { payout } = await payoutInDoubt();
    const { reference } = await placeOf(payout);
    expect(await shown(payout)).toMatchObject({ reference, providerId: null });
    const workflowId = `payout:${payout}`;
    const news = { workflowId, type: 'payout', transactionId: payout, webhookId: '7' } as const;
    await api.hub.steering.news({ ...news, said: 'paid `out`' });
    await eventually(async () => (await detailsOf(workflowId)).includes("A callback says `paid 'out'`"), 'the word');
    expect(await detailsOf(workflowId)).toContain(`our reference \`${reference}\``);
    api.hub.sandbox('b2binpay').faults.clear();
    await api.hub.steering.news({ ...news, said: 'done' });
    await api.hub.reaches(payout, 'done');
    expect((await shown(payout)).providerId).toBe(await api.hub.providerId(payout));
  });
});

it("nobody who must not see personal data reads a colleague's comment in why a transaction ended", async () => {
  const { payout, run } = await paidAlthoughFailed();
  const comment = 'Ann told me on the phone';
  expect((await shown(payout)).resolution).toBe(comment);
  const list = await masked.call('GET /transactions');
  for (const body of [await shown(payout, masked), list.body]) expect(JSON.stringify(body)).not.toContain(comment);
  expect(await shown(payout, masked)).toMatchObject({ resolution: '*', needsHuman: '*' });
  await api.hub.handle(run).cancel();
});
