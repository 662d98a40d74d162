/** What a client's app is told of an account that is not open yet, or never will be. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ListeningApp } from '../api/listening-app.ts';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestHub } from '../kit/hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let ann: Awaited<ReturnType<MoneyApi['clientWith']>>;
let productCurrencyId: number;
let unknownGroup: number;

beforeAll(async () => {
  api = await MoneyApi.start({ settleAfter: 600, secondLook: 150 }, ['paper']);
  hub = api.hub;
  olga = await api.operator();
  productCurrencyId = await hub.tradingProduct('paper', ['paper-usd']);
  unknownGroup = await inAGroup('no-such-group');
});
afterAll(() => api?.stop());
beforeEach(async () => {
  ann = await api.clientWith('0', 'USD');
});
afterEach(() => hub.sandbox('paper').faults.clear());

/** Another product of the platform, in a group of its. */
const inAGroup = async (group: string): Promise<number> => {
  const { product_id: productId } = await hub.one<{ product_id: number }>(
    `select product_id from product_currency where id = $1`,
    [productCurrencyId],
  );
  const { id } = await hub.one<{ id: number }>(
    `insert into product_currency (product_id, currency, caption, platform_groups, permissions) values ($1, 978, 'Euro', $2, '{enabled}') returning id`,
    [productId, [group]],
  );
  return id;
};
const down = () => hub.sandbox('paper').fault({ match: {}, kind: 'reset', times: 1_000 });
/** Its platform is away, so that the client is answered before it. */
const waits = async (product = productCurrencyId) => {
  down();
  const { status, body } = await api.hastily(ann, 'POST /my/accounts', { productCurrencyId: product });
  expect(status).toBe(201);
  return body;
};
const mine = async (accountId: number) => (await ann.call(`GET /my/accounts/${accountId}`)).body;
const listed = async () => (await ann.call('GET /my/accounts')).body.data.map((one: any) => one.accountId);
const isOver = (accountId: number) => hub.ends(`open-account:${accountId}`);
const WAITING = { state: 'waiting', reason: null, issue: null };
const REFUSED = {
  state: 'refused',
  reason: 'provider_refused',
  issue: 'The trading platform refused to open it.',
};

describe('an account that is being opened', () => {
  it('says so from the first answer on, until it is open', async () => {
    const { accountId, opening, accountNumber } = await waits();
    expect([opening, accountNumber]).toEqual([WAITING, '']);
    expect((await mine(accountId)).opening).toEqual(WAITING);
    hub.sandbox('paper').faults.clear();
    await isOver(accountId);
    expect(await mine(accountId)).toMatchObject({ opening: null, accountNumber: expect.stringMatching(/./) });
    expect((await mine(ann.wallet)).opening).toBeNull();
  });

  it('that its platform refused later says why to who knows it, and stands in no list', async () => {
    const { accountId } = await waits(unknownGroup);
    expect(await listed()).toContain(accountId);
    hub.sandbox('paper').faults.clear();
    await isOver(accountId);
    expect(await mine(accountId)).toMatchObject({ opening: REFUSED, accountNumber: '' });
    expect(await listed()).toEqual([ann.wallet]);
    const bob = await api.clientWith('0', 'USD');
    expect((await bob.call(`GET /my/accounts/${accountId}`)).status).toBe(404);
    // Operators read what the platform said.
    expect((await olga.call(`GET /accounts/${accountId}`)).body.opening).toEqual({
      state: 'refused',
      reason: 'not_found',
      issue: expect.stringContaining('group'),
    });
  });

  it('that is refused at once is an error in words for whoever asked', async () => {
    const wish = { productCurrencyId: unknownGroup };
    const key = { 'idempotency-key': `refused-${ann.id}` };
    for (let n = 0; n < 2; n++) {
      const { status, body } = await ann.call('POST /my/accounts', wish, key);
      expect([status, body.error.details]).toEqual([400, [{ reason: 'provider_refused', issue: REFUSED.issue }]]);
    }
    const his = await olga.call('POST /accounts', { ...wish, clientId: ann.id });
    expect([his.status, his.body.error.details[0].issue]).toEqual([400, expect.stringContaining('group')]);
  });

  it('that was given up says so, and not by whom', async () => {
    const { accountId } = await waits();
    const given = await ann.call(`POST /my/accounts/${accountId}/archive`);
    const opening = { state: 'withdrawn', reason: null, issue: 'It was given up before it was open.' };
    expect(given.body.opening).toEqual(opening);
    expect((await mine(accountId)).opening).toEqual(opening);
    const { body } = await olga.call(`GET /accounts/${accountId}`);
    expect(body.opening.issue).toContain(`client:${ann.id}`);
  });

  it('that was refused before reasons were kept is refused without one', async () => {
    const { accountId } = await waits(unknownGroup);
    hub.sandbox('paper').faults.clear();
    await isOver(accountId);
    await hub.pool.query(`update account set failure_reason = null, failure_issue = null where account_id = $1`, [
      accountId,
    ]);
    expect((await mine(accountId)).opening).toEqual({
      ...{ state: 'refused', reason: null, issue: 'It could not be opened.' },
    });
  });

  it('tells apps that listen how it ends', async () => {
    const phone = new ListeningApp(api.url);
    expect(await phone.listenTo(ann)).toBe('ok');
    const { accountId } = await waits(unknownGroup);
    const ofThis = (state: string) => (told: any) => told.accountId === accountId && told.opening?.state === state;
    await phone.hears('account_updated', ofThis('waiting'));
    hub.sandbox('paper').faults.clear();
    expect(await phone.hears('account_updated', ofThis('refused'))).toMatchObject({ opening: REFUSED });
    await eventually(async () => (await listed()).length === 1, 'it to be gone from the list');
    phone.close();
  });
});
