/** An account that its platform does not open for long: who wants it no more gives it up. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestHub } from '../kit/hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let ann: Awaited<ReturnType<MoneyApi['clientWith']>>;
let accountId: number;
let productCurrencyId: number;

beforeAll(async () => {
  api = await MoneyApi.start({ settleAfter: 600, secondLook: 150 }, ['paper']);
  hub = api.hub;
  olga = await api.operator();
  productCurrencyId = await hub.tradingProduct('paper', ['paper-usd']);
});
afterAll(() => api?.stop());
afterEach(() => hub.sandbox('paper').faults.clear());

const down = () => hub.sandbox('paper').fault({ match: {}, kind: 'reset', times: 1_000 });
const status = async () =>
  (await hub.one<{ status: string }>(`select status from account where account_id = $1`, [accountId])).status;
const audited = async () => {
  const { rows } = await hub.pool.query<{ actor: string; action: string }>(
    `select actor, action from audit where object = $1 and action like 'account.%' order by id`,
    [`account:${accountId}`],
  );
  return rows.map(({ actor, action }) => `${actor} ${action}`);
};

beforeEach(async () => {
  ann = await api.clientWith('0', 'USD');
});

/** Its platform is away: sooner or later the run stands in a queue that is paused. */
const waits = async () => {
  down();
  ({ accountId } = (await api.hastily(ann, 'POST /my/accounts', { productCurrencyId })).body);
  await eventually(async () => (await hub.shown(`open-account:${accountId}`)).includes('Creating'), 'it to wait');
};

describe('an account that is being opened', () => {
  it('is not given up once it is open', async () => {
    ({ accountId } = (await ann.call('POST /my/accounts', { productCurrencyId })).body);
    await hub.ends(`open-account:${accountId}`);
    const late = hub.steering.giveUpAccount(accountId, `user:${olga.id}`);
    await expect(late).rejects.toMatchObject({ type: 'Rejected', reason: 'not_waiting' });
    expect(await status()).toBe('active');
  });

  it('is given up by an operator, and its platform is not asked for it any more', async () => {
    await waits();
    expect((await olga.call(`POST /accounts/${accountId}/archive`)).status).toBe(200);
    expect(await status()).toBe('failed');
    expect(await audited()).toEqual([`user:${olga.id} account.given-up`]);
    // What was just being asked is not waited for: it would still come.
    await hub.pause();
    hub.sandbox('paper').faults.clear();
    hub.sandbox('paper').fault({ match: { method: 'POST', path: '/accounts' }, kind: 'reset', times: 1 });
    await hub.resume();
    await hub.ends(`open-account:${accountId}`);
    expect(hub.sandbox('paper').faults.open()).toHaveLength(1);
  });

  it('is given up by its client, who may order another one', async () => {
    await waits();
    expect((await ann.call(`POST /my/accounts/${accountId}/archive`)).status).toBe(200);
    expect(await audited()).toEqual([`client:${ann.id} account.given-up`]);
    hub.sandbox('paper').faults.clear();
    const another = await ann.call('POST /my/accounts', { productCurrencyId });
    expect([another.status, await status()]).toEqual([201, 'failed']);
  });

  it('is given up by "Request Cancellation" in Temporal UI', async () => {
    await waits();
    await hub.handle(`open-account:${accountId}`).cancel();
    await hub.ends(`open-account:${accountId}`);
    expect([await status(), await audited()]).toEqual(['failed', ['temporal-ui account.given-up']]);
  });

  it('is nobody else’s to give up', async () => {
    await waits();
    const bob = await api.clientWith('0', 'USD');
    expect((await bob.call(`POST /my/accounts/${accountId}/archive`)).status).toBe(404);
    const reader = await api.operator(['accounts.read']);
    expect((await reader.call(`POST /accounts/${accountId}/archive`)).status).toBe(403);
    expect(await status()).toBe('opening');
  });

  it('says what is wrong with a wish that names nobody', async () => {
    await waits();
    const send = hub.handle(`open-account:${accountId}`).executeUpdate('giveUp', { args: [{ by: 'me' }] });
    await expect(send).rejects.toMatchObject({ cause: { message: 'by must look like user:7.' } });
    expect(await status()).toBe('opening');
  });

  // From here on its platform rests for an hour.
  it('is given up although its run was terminated, and nobody serves the queue of its platform', async () => {
    await waits();
    await hub.handle(`open-account:${accountId}`).terminate('by mistake');
    await hub.pauseConnection((await hub.one<{ id: number }>(`select id from connection where name = 'paper'`)).id);
    expect((await olga.call(`POST /accounts/${accountId}/archive`)).status).toBe(200);
    expect(await status()).toBe('failed');
    await hub.ends(`open-account:${accountId}`);
  });

  it('is given up although its platform was switched off, and nobody serves its queue', async () => {
    await waits();
    await hub.pool.query(`update connection set enabled = false where name = 'paper'`);
    expect((await olga.call(`POST /accounts/${accountId}/archive`)).status).toBe(200);
    expect(await status()).toBe('failed');
  });
});
