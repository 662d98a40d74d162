import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { noteAccountSeen } from '../../activities/accounts/note-account-seen.ts';
import { noteAccountSet } from '../../activities/accounts/note-account-set.ts';
import type { Tools } from '../../activities/kit/activity.ts';
import { createAccount } from '../../activities/trading/create-account.ts';
import type { TradingAccount } from '../../adapters/kit/trading.ts';
import { lendTools } from '../../worker/tools.ts';
import { type Answer, type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestHub } from '../kit/hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let ann: Awaited<ReturnType<MoneyApi['clientWith']>>;
let account: { accountId: number; accountNumber: string };

const products: Record<string, number> = {};

beforeAll(async () => {
  // Attempts that were lost are over soon.
  api = await MoneyApi.start({ settleAfter: 1_500 }, ['paper', 'mt4']);
  hub = api.hub;
  olga = await api.operator();
  products['paper'] = await hub.tradingProduct('paper', ['paper-usd', 'paper-eur']);
  products['mt4'] = await hub.tradingProduct('mt4', ['real-usd']);
});
afterAll(() => api?.stop());
afterEach(() => hub.sandbox('paper').faults.clear());

const open = async (client: Caller, productCurrencyId: number, more: object = {}) => {
  const { status, body } = await client.call('POST /my/accounts', { productCurrencyId, ...more });
  expect([status, body]).toEqual([201, expect.anything()]);
  return body as { accountId: number; accountNumber: string };
};
beforeEach(async () => {
  ann = await api.clientWith('500', 'USD');
  account = await open(ann, products['paper']!, { leverage: '100' });
});

const PLACE = `select p.connection_id as id, a.account_number as login from account a join platform p on p.id = a.platform_id where a.account_id = $1`;
/** What the platform itself says. */
const atPlatform = async (accountId = account.accountId): Promise<TradingAccount> => {
  const { id, login } = await hub.one<{ id: number; login: string }>(PLACE, [accountId]);
  const { adapter, ctx } = await lendTools(hub.settings, hub.pool, hub.client, hub.timings).open('trading', id);
  return adapter.getAccount(ctx, login);
};
/** The broker's dealer puts the account away at the platform, or brings it back. */
const dealer = async (does: 'archive' | 'restore'): Promise<void> => {
  const { id, login } = await hub.one<{ id: number; login: string }>(PLACE, [account.accountId]);
  const { adapter, ctx } = await lendTools(hub.settings, hub.pool, hub.client, hub.timings).open('trading', id);
  await adapter[does]!(ctx, login);
};
/** The first attempt arrives and its answer is lost; then the dealer puts the account away, so that the next is refused. `looks`: whether it can be seen there. */
const refusedAfterLoss = async (
  method: 'PATCH' | 'PUT',
  order: () => Promise<Answer>,
  { looks = true } = {},
): Promise<number> => {
  const { faults } = hub.sandbox('paper');
  hub.sandbox('paper').fault({ match: { method }, kind: 'reset_after_commit', times: 1 });
  hub.sandbox('paper').fault({ match: { method }, kind: 'reset', times: 1_000 });
  const ordered = order();
  await eventually(async () => faults.open().length === 1, 'the first attempt');
  await dealer('archive');
  faults.clear();
  if (!looks) hub.sandbox('paper').fault({ match: { method: 'GET', path: '/accounts' }, kind: 'reset', times: 1_000 });
  await ordered;
  return (await changes())[0].id;
};
const down = () => hub.sandbox('paper').fault({ match: {}, kind: 'reset', times: 1_000 });
/** Orders what the platform does not do now. */
const hastily = (leverage: number) => api.hastily(ann, `PATCH /my/accounts/${account.accountId}`, { leverage });
/** Until then the change may be withdrawn as if nobody had ordered it: nothing was sent. */
const attempted = (fault: ReturnType<typeof down>) => eventually(async () => fault.hit > 0, 'the first attempt');
const changes = async (accountId = account.accountId): Promise<any[]> =>
  (await olga.call(`GET /account-changes?filter[accountId]=${accountId}`)).body.data;
const reaches = (id: number, state: string) =>
  eventually(
    async () => (await olga.call(`GET /account-changes/${id}`)).body.state === state,
    `change ${id} to be ${state}`,
  );

describe('a leverage', () => {
  it('is not what a late attempt to note an earlier change says', async () => {
    await ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 200 });
    const [{ id: changeId }] = await changes();
    await reaches(changeId, 'done');
    const seen = await atPlatform();
    await ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 500 });
    const leverage = async () => (await ann.call(`GET /my/accounts/${account.accountId}`)).body.leverage;
    expect(await leverage()).toBe(500);
    const tools = { pool: hub.pool, run: { workflowId: 'late', runId: '' } } as Tools;
    await noteAccountSet({ changeId, step: 'leverage' }, tools);
    expect(await leverage()).toBe(500);
    expect(await noteAccountSeen({ changeId, seen }, tools)).toBe(true);
    expect(await leverage()).toBe(500);
  });

  it('is changed by the client among what the product offers', async () => {
    const { status, body } = await ann.call(`PATCH /my/accounts/${account.accountId}`, {
      leverage: 200,
      caption: 'Gold',
    });
    expect([status, body.leverage, body.caption, body.pendingChange]).toEqual([200, 200, 'Gold', null]);
    expect((await atPlatform()).leverage).toBe(200);
    const [change] = await changes();
    expect(change).toMatchObject({ state: 'done', wanted: { leverage: 200 }, requestedBy: `client:${ann.id}` });
    await hub.ends(`account-change:${change.id}`);
  });

  it('that the platform refuses is refused to the client in words of ours, and to operators in those of the platform', async () => {
    await dealer('archive');
    const { status, body } = await ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 200 });
    const [{ id, issue }] = await changes();
    await dealer('restore');
    const told = { reason: 'provider_refused', issue: 'The trading platform refused it.' };
    expect([status, body.error.details]).toEqual([400, [told]]);
    expect((await ann.call(`GET /my/account-changes/${id}`)).body).toMatchObject({ state: 'refused', ...told });
    expect((await ann.call('GET /my/account-changes')).body.data[0]).toMatchObject({ id, ...told });
    expect(issue).toMatch(/^Paper platform refused PATCH/);
  });

  it.each([150, 0, -1, 1.5, '200', null, 10_001])('of %p is refused and nothing else changed', async (leverage) => {
    const { status, body } = await ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage, caption: 'Gold' });
    expect([status, body.error.details[0].field]).toEqual([400, 'leverage']);
    expect((await ann.call(`GET /my/accounts/${account.accountId}`)).body.caption).not.toBe('Gold');
    expect(await changes()).toEqual([]);
  });

  it('whose answer was lost is set again, and set once', async () => {
    hub
      .sandbox('paper')
      .fault({ match: { method: 'PATCH', path: '/accounts/' }, kind: 'reset_after_commit', times: 1 });
    await ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 500 });
    await reaches((await changes())[0].id, 'done');
    expect((await ann.call(`GET /my/accounts/${account.accountId}`)).body).toMatchObject({
      leverage: 500,
      pendingChange: null,
    });
    expect((await atPlatform()).leverage).toBe(500);
  });

  it('waits visibly while the platform is down, and is set when it is back', async () => {
    down();
    const { status, body } = await hastily(200);
    expect([status, body.leverage]).toEqual([202, 100]);
    expect(body.pendingChange).toMatchObject({ state: 'waiting', wanted: { leverage: 200 } });
    const second = await olga.call(`PATCH /accounts/${account.accountId}/preferences`, { access: 'disabled' });
    expect([second.status, second.body.error.details[0].reason]).toEqual([409, 'already_exists']);
    hub.sandbox('paper').faults.clear();
    await reaches(body.pendingChange.id, 'done');
    expect((await ann.call(`GET /my/accounts/${account.accountId}`)).body).toMatchObject({
      leverage: 200,
      pendingChange: null,
    });
  });

  it('is ordered once under one key, also when nothing was heard of the first time', async () => {
    down();
    const key = { 'idempotency-key': `once-${account.accountId}` };
    const order = () => api.hastily(ann, `PATCH /my/accounts/${account.accountId}`, { leverage: 200 }, key);
    expect([(await order()).status, (await order()).status]).toEqual([202, 202]);
    hub.sandbox('paper').faults.clear();
    const [change, ...others] = await changes();
    expect(others).toEqual([]);
    await reaches(change.id, 'done');
  });

  it('is withdrawn while the platform is down, and not set later', async () => {
    const fault = down();
    const { body } = await hastily(200);
    const { id } = body.pendingChange;
    await attempted(fault);
    const withdrawn = await ann.call(`POST /my/account-changes/${id}/withdraw`);
    expect([withdrawn.status, withdrawn.body.state]).toEqual([200, 'withdrawing']);
    hub.sandbox('paper').faults.clear();
    await reaches(id, 'withdrawn');
    expect((await atPlatform()).leverage).toBe(100);
    expect((await ann.call(`POST /my/account-changes/${id}/withdraw`)).body.state).toBe('withdrawn');
    expect((await ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 500 })).body.leverage).toBe(500);
    const done = (await changes()).find(({ state }) => state === 'done');
    const late = await ann.call(`POST /my/account-changes/${done.id}/withdraw`);
    expect([late.status, late.body.error.details[0].reason]).toEqual([409, 'not_waiting']);
  });

  it('that waits is withdrawn by "Request cancellation" in Temporal UI, and the account may be changed again', async () => {
    const fault = down();
    const { body } = await hastily(200);
    const { id } = body.pendingChange;
    await attempted(fault);
    await hub.handle(`account-change:${id}`).cancel();
    await reaches(id, 'withdrawing');
    hub.sandbox('paper').faults.clear();
    await reaches(id, 'withdrawn');
    await hub.ends(`account-change:${id}`);
    expect(await hub.shown(`account-change:${id}`)).not.toContain('stops nothing');
    expect((await ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 500 })).body.leverage).toBe(500);
  });

  it('that the platform is just being asked for is looked up after "Request cancellation" in Temporal UI', async () => {
    hub.sandbox('paper').fault({ match: { method: 'PATCH' }, kind: 'timeout_after_commit', times: 1 });
    const asked = ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 200 });
    await eventually(async () => hub.sandbox('paper').faults.open().length === 0, 'the platform to be asked');
    const [{ id }] = await changes();
    await hub.handle(`account-change:${id}`).cancel();
    expect((await asked).status).toBeLessThan(300);
    await reaches(id, 'done');
    await hub.ends(`account-change:${id}`);
    expect((await ann.call(`GET /my/accounts/${account.accountId}`)).body).toMatchObject({
      leverage: 200,
      pendingChange: null,
    });
  });

  it('that was withdrawn after it had arrived is mirrored as the platform has it', async () => {
    const lost = hub.sandbox('paper').fault({ match: { method: 'PATCH' }, kind: 'reset_after_commit', times: 1 });
    hub.sandbox('paper').fault({ match: { method: 'PATCH' }, kind: 'reset', times: 1_000 });
    const { body } = await hastily(200);
    await attempted(lost);
    await ann.call(`POST /my/account-changes/${body.pendingChange.id}/withdraw`);
    await reaches(body.pendingChange.id, 'done');
    expect((await ann.call(`GET /my/accounts/${account.accountId}`)).body.leverage).toBe(200);
  });

  it('whose repeat is refused after its answer was lost is mirrored as the platform has it', async () => {
    const id = await refusedAfterLoss('PATCH', () => hastily(200), { looks: false });
    await reaches(id, 'withdrawing');
    await dealer('restore');
    hub.sandbox('paper').faults.clear();
    await reaches(id, 'done');
    expect((await ann.call(`GET /my/accounts/${account.accountId}`)).body.leverage).toBe(200);
  });

  it('of an account that the platform no longer knows is over, and says so', async () => {
    const id = await refusedAfterLoss('PATCH', () => hastily(200));
    await reaches(id, 'withdrawn');
    const { body } = await olga.call(`GET /account-changes/${id}`);
    expect(body.issue).toContain('no longer knows the account');
    await hub.ends(`account-change:${id}`);
  });

  it('of a broker is not for the client to withdraw, nor another client’s at all', async () => {
    down();
    const { status, body } = await api.hastily(olga, `PATCH /accounts/${account.accountId}`, { leverage: 200 });
    expect(status).toBe(202);
    const { id } = body.pendingChange;
    expect((await ann.call(`POST /my/account-changes/${id}/withdraw`)).status).toBe(403);
    const bob = await api.clientWith('0', 'USD');
    const dora = await api.operator();
    await hub.pool.query(
      `with t as (insert into tag (name) values ('nobody') returning id) insert into hub_user_tag (user_id, tag_id) select $1, id from t`,
      [dora.id],
    );
    for (const [stranger, path] of [
      [bob, '/my/account-changes'],
      [dora, '/account-changes'],
    ] as const) {
      const [theirs, nobodys] = [
        await stranger.call(`POST ${path}/${id}/withdraw`),
        await stranger.call(`POST ${path}/999999/withdraw`),
      ];
      expect([theirs.status, theirs.body.error.details]).toEqual([404, nobodys.body.error.details]);
    }
    expect((await bob.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 200 })).status).toBe(404);
    hub.sandbox('paper').faults.clear();
    await reaches(id, 'done');
  });

  it('whose change nobody started is set by the sweep', async () => {
    const { id } = await hub.one<{ id: number }>(
      `insert into account_change (account_id, client_id, wanted, requested_by, create_time) values ($1, $2, '{"leverage": 200}', 'user:1', now() - interval '10 seconds') returning id`,
      [account.accountId, ann.id],
    );
    await hub.client.workflow.execute('sweep', { workflowId: 'sweep-changes', taskQueue: 'hub' });
    await reaches(id, 'done');
    expect((await atPlatform()).leverage).toBe(200);
  });
});

describe('an operator', () => {
  it('whose tags are others now is not told again what he ordered', async () => {
    const dora = await api.operator();
    await hub.pool.query(
      `with t as (insert into tag (name) values ('mine') returning id), u as (insert into hub_user_tag (user_id, tag_id) select $1, id from t)
       insert into client_tag (client_id, tag_id) select $2, id from t`,
      [dora.id, ann.id],
    );
    const key = { 'idempotency-key': randomUUID() };
    const order = () => dora.call(`PATCH /accounts/${account.accountId}/preferences`, { leverage: 200 }, key);
    expect((await order()).status).toBe(200);
    await hub.pool.query(`delete from client_tag where client_id = $1`, [ann.id]);
    // Kept for a month.
    await hub.pool.query(`delete from idempotency where key = $1`, [key['idempotency-key']]);
    expect((await order()).status).toBe(404);
  });

  const preferences = (body: object, accountId = account.accountId) =>
    olga.call(`PATCH /accounts/${accountId}/preferences`, body);

  it('sets leverage and access at once', async () => {
    const { status, body } = await preferences({ leverage: 500, access: 'close_only' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      leverage: 500,
      access: 'close_only',
      isReadOnly: false,
      isTradingEnabled: false,
      leverages: ['100', '200', '500'],
    });
    expect(await atPlatform()).toMatchObject({ leverage: 500, access: 'close_only' });
    expect((await preferences({ access: 'full' })).body.isTradingEnabled).toBe(true);
  });

  it('hears the platform’s no, and nothing is mirrored', async () => {
    const { status, body } = await preferences({ platformGroup: 'paper-eur' });
    expect([status, body.error.details[0].reason]).toEqual([400, 'currency_mismatch']);
    expect((await olga.call(`GET /accounts/${account.accountId}/preferences`)).body.platformGroup).toBe('paper-usd');
    expect((await changes())[0]).toMatchObject({ state: 'refused', issue: expect.any(String) });
  });

  it.each([
    [{}, undefined],
    [{ access: 'none' }, 'access'],
    [{ platformGroup: 'nowhere' }, 'platformGroup'],
    [{ leverage: 300 }, 'leverage'],
    [{ lever: 200 }, 'lever'],
  ])('who sends %j is told what is wrong', async (body, field) => {
    const answer = await preferences(body);
    expect([answer.status, answer.body.error.details[0].field]).toEqual([400, field]);
    expect(await changes()).toEqual([]);
  });

  it('hears that a platform cannot do something', async () => {
    const mt4 = await open(ann, products['mt4']!);
    const closeOnly = await preferences({ access: 'close_only' }, mt4.accountId);
    expect([closeOnly.status, closeOnly.body.error.details[0].reason]).toEqual([400, 'unsupported']);
    expect((await preferences({ access: 'read_only', leverage: 200 }, mt4.accountId)).status).toBe(200);
    expect(await atPlatform(mt4.accountId)).toMatchObject({ access: 'read_only', leverage: 200 });

    const wallet = await preferences({ leverage: 100 }, ann.wallet);
    expect([wallet.status, wallet.body.error.details[0].reason]).toEqual([400, 'unsupported']);
  });

  it.each([
    ['password', 'PUT /accounts/$/password', { password: 'Abcdef12' }],
    ['leverage', 'PATCH /accounts/$/preferences', { leverage: 200 }],
    ['leverage with a name', 'PATCH /accounts/$', { leverage: 200, caption: 'Gold' }],
  ])('sets a %s once, also when he heard nothing and orders it again under the same key', async (_, route, body) => {
    const { accountId } = await open(ann, products['mt4']!);
    const key = `again-${accountId}`;
    const answers: Answer[] = [];
    for (let times = 0; times < 2; times++) {
      answers.push(await olga.call(route.replace('$', String(accountId)), body, { 'idempotency-key': key }));
      // As after a crash: its outcome was not kept.
      await hub.pool.query(`update idempotency set status = null, body = null where key = $1`, [key]);
    }
    expect(answers.map(({ status, body: said }) => (status < 300 ? 'done' : said))).toEqual(['done', 'done']);
    expect(await api.count(`account_change where account_id = ${accountId}`)).toBe(1);
  });

  it('needs the right to change accounts, and a tag that shows him the client', async () => {
    const reader = await api.operator(['accounts.read']);
    expect((await reader.call(`PATCH /accounts/${account.accountId}/preferences`, { leverage: 200 })).status).toBe(403);
    expect((await reader.call(`PUT /accounts/${account.accountId}/password`, { password: 'Abcdef12' })).status).toBe(
      403,
    );
    const tagged = await api.operator();
    await hub.pool.query(
      `with t as (insert into tag (name, type) values ('vip', 'clients') returning id) insert into hub_user_tag (user_id, tag_id) select $1, id from t`,
      [tagged.id],
    );
    expect((await tagged.call(`PATCH /accounts/${account.accountId}/preferences`, { leverage: 200 })).status).toBe(404);
    expect((await tagged.call(`GET /accounts/${account.accountId}/positions`)).status).toBe(404);
    expect((await tagged.call(`GET /account-changes?filter[accountId]=${account.accountId}`)).body.total).toBe(0);
  });
});

describe('a password whose repeat is refused after its answer was lost', () => {
  it('is not called refused: the platform may have it', async () => {
    const id = await refusedAfterLoss('PUT', () =>
      api.hastily(olga, `PUT /accounts/${account.accountId}/password`, { password: 'Abcdef12' }),
    );
    await reaches(id, 'withdrawn');
    const { body } = await olga.call(`GET /account-changes/${id}`);
    expect(body.issue).toContain('look at the platform whether it has it');
    expect((await ann.call(`GET /my/account-changes/${id}`)).body.issue).toMatch(/: it may have been made\.$/);
  });
});

describe('an account that is put away', () => {
  it('is archived at the platform, takes no money, and comes back', async () => {
    const archived = await ann.call(`POST /my/accounts/${account.accountId}/archive`);
    expect([archived.status, archived.body.archive]).toEqual([200, true]);
    await expect(atPlatform()).rejects.toThrow();
    const transfer = await ann.call('POST /my/transfers', {
      sourceAccountId: ann.wallet,
      destinationAccountId: account.accountId,
      amount: '10',
      isInternal: false,
    });
    expect(transfer.status).toBe(403);
    expect((await ann.call(`PATCH /my/accounts/${account.accountId}`, { leverage: 200 })).status).toBe(403);
    expect((await ann.call(`POST /my/accounts/${account.accountId}/archive`)).status).toBe(409);

    const back = await olga.call(`POST /accounts/${account.accountId}/restore`);
    expect([back.status, back.body.archive, back.body.archiveTime]).toEqual([200, false, null]);
    expect((await atPlatform()).leverage).toBe(100);
  });

  it('is disabled where the platform has no archive, and gets its access back', async () => {
    const mt4 = await open(ann, products['mt4']!);
    expect((await olga.call(`POST /accounts/${mt4.accountId}/archive`)).body.archive).toBe(true);
    expect((await atPlatform(mt4.accountId)).access).toBe('disabled');
    expect((await olga.call(`POST /accounts/${mt4.accountId}/restore`)).body.archive).toBe(false);
    expect((await atPlatform(mt4.accountId)).access).toBe('full');
  });

  it('stays while it holds money, has positions or money is on its way', async () => {
    await hub.reaches(await ann.of.transfer('100.00', ann.wallet, account.accountId), 'done');
    const full = await ann.call(`POST /my/accounts/${account.accountId}/archive`);
    expect([full.status, full.body.error.details[0].reason]).toEqual([400, 'in_use']);
    expect((await ann.call(`GET /my/accounts/${account.accountId}`)).body.archive).toBe(false);

    await hub.approvals('transfer', 1);
    const other = await open(ann, products['paper']!);
    await ann.of.transfer('10.00', ann.wallet, other.accountId);
    const onItsWay = await ann.call(`POST /my/accounts/${other.accountId}/archive`);
    await hub.approvals('transfer', 0);
    expect([onItsWay.status, onItsWay.body.error.details[0].issue]).toEqual([
      400,
      'Money is on its way to or from this account.',
    ]);
    expect((await ann.call(`POST /my/accounts/${ann.wallet}/archive`)).status).toBe(400);
  });

  it('takes no money while the platform is down, and takes it again when the wish is withdrawn', async () => {
    down();
    const { status, body } = await api.hastily(ann, `POST /my/accounts/${account.accountId}/archive`);
    expect([status, body.archive, body.pendingChange.wanted]).toEqual([202, false, { archive: true }]);
    const transfer = {
      sourceAccountId: ann.wallet,
      destinationAccountId: account.accountId,
      amount: '10',
      isInternal: false,
    };
    expect((await ann.call('POST /my/transfers', transfer)).status).toBe(403);
    await ann.call(`POST /my/account-changes/${body.pendingChange.id}/withdraw`);
    hub.sandbox('paper').faults.clear();
    await reaches(body.pendingChange.id, 'withdrawn');
    expect((await ann.call('POST /my/transfers', transfer)).status).toBe(201);
  });

  it('is archived once by two calls under one key', async () => {
    const twice = await Promise.all(
      [1, 2].map(() =>
        olga.call(`POST /accounts/${account.accountId}/archive`, undefined, {
          'idempotency-key': `archive-${account.accountId}`,
        }),
      ),
    );
    expect(twice.map(({ status }) => status)).toEqual([200, 200]);
    expect(await changes()).toHaveLength(1);
  });
});

describe('a key whose request was forgotten, because it is a month old', () => {
  const forget = (key: string) => hub.pool.query(`delete from idempotency where key = $1`, [key]);
  const reason = ({ status, body }: Answer) => [status, body.error?.details[0].reason];

  it('still names the same change, and is no key for one of another account', async () => {
    const key = { 'idempotency-key': `archive-once-${account.accountId}` };
    const other = await open(ann, products['paper']!);
    const archive = (accountId: number) => olga.call(`POST /accounts/${accountId}/archive`, undefined, key);
    expect((await archive(account.accountId)).status).toBe(200);
    await forget(key['idempotency-key']);
    expect((await archive(account.accountId)).status).toBe(200);
    await forget(key['idempotency-key']);
    expect(reason(await archive(other.accountId))).toEqual([409, 'idempotency_key_reused']);
    expect([await changes(), await changes(other.accountId)]).toEqual([[expect.anything()], []]);
  });

  it('still names the same account, and is no key for another one', async () => {
    const key = { 'idempotency-key': `open-${account.accountId}` };
    const wish = { productCurrencyId: products['paper']! };
    const made = (await ann.call('POST /my/accounts', wish, key)).body;
    await ann.call(`POST /my/accounts/${made.accountId}/archive`);
    const before = hub.sandbox('paper').received.length;
    await forget(key['idempotency-key']);
    const again = await ann.call('POST /my/accounts', wish, key);
    expect([again.status, again.body.accountId, again.body.archive]).toEqual([201, made.accountId, true]);
    await forget(key['idempotency-key']);
    expect(reason(await ann.call('POST /my/accounts', { ...wish, leverage: 200 }, key))).toEqual([
      409,
      'idempotency_key_reused',
    ]);
    expect(hub.sandbox('paper').received.slice(before)).toEqual([]);
  });

  it('is not needed for an account to be made once: one that has its login keeps it', async () => {
    const before = hub.sandbox('paper').received.length;
    const tools = lendTools(hub.settings, hub.pool, hub.client, hub.timings);
    const answer = await createAccount({ accountId: account.accountId }, { ...tools, signal: AbortSignal.timeout(9_000) } as Tools); // prettier-ignore
    expect(answer).toEqual({ outcome: 'done', report: { login: account.accountNumber } });
    expect(hub.sandbox('paper').received.slice(before)).toEqual([]);
  });
});
