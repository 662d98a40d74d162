import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Caller, MoneyApi } from '../api/money-hub.ts';
import { eventually, type TestHub } from '../kit/hub.ts';

let api: MoneyApi;
let hub: TestHub;
let olga: Caller;
let ann: Awaited<ReturnType<MoneyApi['clientWith']>>;
const products: Record<string, number> = {};

beforeAll(async () => {
  api = await MoneyApi.start({}, ['paper', 'match-trader', 'generic-hub', 'sendgrid']);
  hub = api.hub;
  olga = await api.operator();
  products['paper'] = await hub.tradingProduct('paper', ['paper-usd']);
  products['match-trader'] = await hub.tradingProduct('match-trader', ['real-USD']);
  products['generic-hub'] = await hub.tradingProduct('generic-hub', ['institutional-usd']);
  const mt5 = `select pc.id from product_currency pc join product p on p.id = pc.product_id where p.name = 'mt5-live'`;
  products['mt5'] = (await hub.one<{ id: number }>(mt5)).id;
});
afterAll(() => api?.stop());
beforeEach(async () => {
  ann = await api.clientWith('500', 'USD');
});
afterEach(async () => {
  for (const platform of ['paper', 'mt5']) hub.sandbox(platform).faults.clear();
  await hub.pool.query(`delete from connection_health`);
});

const open = async (platform: string, client: Caller = ann) => {
  const { status, body } = await client.call('POST /my/accounts', { productCurrencyId: products[platform] });
  expect([status, body]).toEqual([201, expect.anything()]);
  return body as { accountId: number; accountNumber: string };
};
const reasonOf = ({ status, body }: { status: number; body: any }) => [status, body.error?.details[0].reason];

describe.each(['paper', 'mt5'])('an account at %s', (platform) => {
  let account: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => {
    account = await open(platform);
    await hub.reaches(await ann.of.transfer('100.00', ann.wallet, account.accountId), 'done');
  });

  it('shows its owner and operators what the platform shows', async () => {
    const { status, body } = await ann.call(`GET /my/accounts/${account.accountId}/balance`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      currentBalance: '100.000000000000000000',
      equity: '100.000000000000000000',
      hold: '0.000000000000000000',
    });

    await hub.sandbox(platform).vendor.advance!(account.accountNumber, 'open_position');
    const positions = await ann.call('GET /my/positions');
    expect(positions.body).toMatchObject({
      total: 1,
      data: [
        {
          accountId: account.accountId,
          accountNumber: account.accountNumber,
          symbol: 'EURUSD',
          side: 0,
          positionId: expect.any(String),
        },
      ],
    });
    expect((await olga.call(`GET /accounts/${account.accountId}/positions`)).body.data).toHaveLength(1);
    expect(+(await olga.call(`GET /accounts/${account.accountId}/balance`)).body.margin).toBeGreaterThan(0);

    await hub.sandbox(platform).vendor.advance!(account.accountNumber, 'close_position');
    expect((await olga.call(`GET /accounts/${account.accountId}/positions`)).body).toEqual({ total: 0, data: [] });
    const { total, data } = (await ann.call(`GET /my/deals?accounts=${account.accountId}`)).body;
    expect([total, data[0]]).toEqual([
      1,
      expect.objectContaining({ symbol: 'EURUSD', entry: 'out', closePrice: expect.any(String) }),
    ]);
    expect((await olga.call(`GET /accounts/${account.accountId}/deals?offset=1`)).body).toEqual({ total: 1, data: [] });
    const before = '2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z';
    expect((await olga.call(`GET /accounts/${account.accountId}/deals?from=${before}`)).body.total).toBe(0);
  });

  it('that cannot be asked is a 503 with its reason, never zeros', async () => {
    for (const kind of ['reset', 'http_500', 'garbage', 'timeout_before'] as const) {
      hub.sandbox(platform).fault({ match: {}, kind, times: 1_000 });
      for (const what of [`accounts/${account.accountId}/balance`, 'positions', 'deals']) {
        const { status, body } = await ann.call(`GET /my/${what}`);
        expect([kind, what, status, body.error.details[0].reason]).toEqual([
          kind,
          what,
          503,
          expect.stringMatching(/^provider_/),
        ]);
      }
      hub.sandbox(platform).faults.clear();
      await hub.pool.query(`delete from connection_health`);
    }
  });

  it('is left alone while its platform is paused', async () => {
    const asked = () => hub.sandbox(platform).received.length;
    await hub.pool.query(
      `insert into connection_health (connection_id, state, paused_until) select id, 'open', now() + interval '1 hour' from connection where name = $1
       on conflict (connection_id) do update set state = 'open', paused_until = excluded.paused_until`,
      [platform],
    );
    const before = asked();
    const answer = await ann.call(`GET /my/accounts/${account.accountId}/balance`);
    expect(reasonOf(answer)).toEqual([503, 'provider_unavailable']);
    expect(+answer.headers.get('retry-after')!).toBeGreaterThan(60);
    expect(asked()).toBe(before);
  });

  it('gets a new password, which its owner reads in a mail and nobody else anywhere', async () => {
    const key = { 'idempotency-key': `restore-${account.accountId}` };
    const ask = () => ann.call(`POST /my/accounts/${account.accountId}/password/restore`, undefined, key);
    expect((await ask()).status).toBe(204);
    // He heard nothing and asks again: the password he is mailed stays the one.
    await hub.pool.query(`update idempotency set status = null, body = null`);
    expect((await ask()).status).toBe(204);
    const mail = await eventually(
      async () =>
        hub.sandbox('sendgrid').vendor.things!().find(({ text }) => text?.includes(`account ${account.accountNumber}`)),
      'the mail',
    );
    const password = /is: (\S+)/.exec(mail.text!)![1]!;
    const check = (text: string) => olga.call(`POST /accounts/${account.accountId}/password/check`, { password: text });
    expect((await check(password)).body).toEqual({ isRight: true });
    expect((await check('Wrong123')).body).toEqual({ isRight: false });

    const { rows } = await hub.pool.query(`select sealed, state from account_change where account_id = $1`, [
      account.accountId,
    ]);
    expect(rows).toEqual([{ sealed: null, state: 'done' }]);
    const [message] = (await olga.call(`GET /messages?filter[clientId]=${ann.id}`)).body.data;
    const seen = [
      JSON.stringify((await olga.call(`GET /messages/${message.id}`)).body),
      JSON.stringify((await olga.call(`GET /account-changes?filter[accountId]=${account.accountId}`)).body),
      JSON.stringify((await hub.pool.query(`select * from audit`)).rows),
    ];
    for (const text of seen) expect(text).not.toContain(password);
  });

  it('takes the password an operator sets, and keeps it out of the run', async () => {
    const secret = 'Canary-7xQ2';
    const { status, body } = await olga.call(`PUT /accounts/${account.accountId}/password`, {
      type: 'investor',
      password: secret,
    });
    expect([status, body.state, body.wanted]).toEqual([200, 'done', { password: 'investor' }]);
    const check = { type: 'investor', password: secret };
    expect((await olga.call(`POST /accounts/${account.accountId}/password/check`, check)).body.isRight).toBe(true);
    const history = await hub.handle(`account-change:${body.id}`).fetchHistory();
    const opened = await hub.client.options.loadedDataConverter.payloadCodecs[0]!.decode(
      history.events!.flatMap((event) => event.activityTaskScheduledEventAttributes?.input?.payloads ?? []),
    );
    expect(opened.length).toBeGreaterThan(0);
    for (const { data } of opened) expect(Buffer.from(data!).toString()).not.toContain(secret);
    const { rows } = await hub.pool.query(`select * from audit`);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });
});

describe('a password', () => {
  it.each([
    '',
    'short1A',
    'nocapital1',
    'NOSMALL1',
    'NoDigits',
    'With blank1',
    `Ünicode12`,
    `Long1${'a'.repeat(40)}`,
    12345678,
  ])('like %j is refused before anything is stored', async (password) => {
    const { accountId } = await open('paper');
    const { status, body } = await olga.call(`PUT /accounts/${accountId}/password`, { password });
    expect([status, body.error.details[0].field]).toEqual([400, 'password']);
    expect((await olga.call(`GET /account-changes?filter[accountId]=${accountId}`)).body.total).toBe(0);
  });

  it('that the platform refuses is refused with its words, and forgotten', async () => {
    const { accountId } = await open('match-trader');
    const investor = await olga.call(`PUT /accounts/${accountId}/password`, { type: 'investor', password: 'Abcdef12' });
    expect(reasonOf(investor)).toEqual([400, 'unsupported']);
    const check = await olga.call(`POST /accounts/${accountId}/password/check`, { password: 'Abcdef12' });
    expect(reasonOf(check)).toEqual([400, 'unsupported']);
    expect(reasonOf(await olga.call(`PUT /accounts/${accountId}/password`, { password: 'Abcdef12!' }))).toEqual([
      200,
      undefined,
    ]);
    const { rows } = await hub.pool.query(`select from account_change where sealed is not null`);
    expect(rows).toEqual([]);
  });

  it('that the platform does not accept is a 400 that names the field', async () => {
    const { accountId } = await open('mt5');
    const { status, body } = await olga.call(`PUT /accounts/${accountId}/password`, { password: 'NoSymbol1' });
    expect([status, body.error.details]).toEqual([
      400,
      [{ field: 'password', reason: 'validation', issue: 'the platform does not accept this password' }],
    ]);
  });

  it('that the platform did not accept leaves its key free, as every validation error does', async () => {
    const { accountId } = await open('mt5');
    const key = { 'idempotency-key': `refused-${accountId}` };
    const set = (password: string) => olga.call(`PUT /accounts/${accountId}/password`, { password }, key);
    expect(reasonOf(await set('NoSymbol1'))).toEqual([400, 'validation']);
    expect((await set('Symbol-01')).status).toBe(200);
    expect((await set('Symbol-01')).headers.get('idempotent-replayed')).toBe('true');
  });

  it('is nothing that a platform without passwords, a wallet or a hub without mail has', async () => {
    const { accountId } = await open('generic-hub');
    const restore = (id: number) => ann.call(`POST /my/accounts/${id}/password/restore`);
    expect(reasonOf(await restore(accountId))).toEqual([400, 'unsupported']);
    expect(reasonOf(await restore(ann.wallet))).toEqual([400, 'unsupported']);
    const paper = await open('paper');
    await hub.pool.query(`update message_route set enabled = false`);
    expect(reasonOf(await restore(paper.accountId))).toEqual([400, 'unsupported']);
    await hub.pool.query(`update message_route set enabled = true`);
  });
});

describe('what is shown of trading', () => {
  it.each([
    ['deals?from=yesterday', 'from'],
    ['deals?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['deals?from=2020-01-01T00:00:00Z', 'from'],
    ['positions?accounts=x', 'accounts'],
    ['positions?limit=0', 'limit'],
    ['positions?colour=red', 'colour'],
  ])('refuses %s', async (query, field) => {
    const { status, body } = await ann.call(`GET /my/${query}`);
    expect([status, body.error.details[0].field]).toEqual([400, field]);
  });

  it('is nobody else’s', async () => {
    const { accountId } = await open('paper');
    const bob = await api.clientWith('0', 'USD');
    for (const path of [
      `accounts/${accountId}/balance`,
      `positions?accounts=${accountId}`,
      `deals?accounts=${accountId}`,
    ])
      expect((await bob.call(`GET /my/${path}`)).status).toBe(404);
    expect((await bob.call('GET /my/positions')).body).toEqual({ total: 0, data: [] });
    expect((await bob.call(`POST /my/accounts/${accountId}/password/restore`)).status).toBe(404);
  });

  it('of a wallet is what our books say', async () => {
    expect((await ann.call(`GET /my/accounts/${ann.wallet}/balance`)).body).toMatchObject({
      availableBalance: '500.000000000000000000',
      currentBalance: '500.000000000000000000',
    });
  });
});
