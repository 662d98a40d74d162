import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { BalanceOperation } from '../../adapters/kit/trading.ts';
import type { Context } from '../../adapters/trading/match-trader/client.ts';
import provider from '../../adapters/trading/match-trader/manifest.ts';
import { accountOf } from '../../adapters/trading/match-trader/map.ts';
import { createSandbox } from '../../adapters/trading/match-trader/sandbox.ts';
import { isHubFailure, type HubFailure } from '../../domain/failures.ts';
import { add } from '../../domain/money.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const { adapter: platform } = provider;
const USD = { alphabeticCode: 'USD', minorUnit: 2 };
const BTC = { alphabeticCode: 'BTC', minorUnit: 8 };
const [REFERENCE, KEY, OTHER] = ['KREFERENCE222', 'KAAAAAAAAAAA2', 'KBBBBBBBBBBB2'];
const WEEK = 7 * 24 * 3_600_000;
const LEDGERS = '/v1/trading-accounts/trading-data/ledgers';

let server: SandboxServer;
beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createSandbox()] });
});
afterAll(() => server.close());
beforeEach(() => sandbox().reset());

const sandbox = () => server.module('match-trader');
const context = (config: Record<string, unknown> = {}): Context =>
  lend(provider, { ...sandbox().vendor.defaultConfig(server.origin), ...config }, { now: () => sandbox().desk.now() });
const account = (change: Record<string, unknown> = {}) => ({
  reference: REFERENCE,
  group: 'real-USD',
  currencyCode: 'USD',
  leverage: 100,
  name: 'Client 7',
  passwords: { main: 'Abcd1234', investor: 'Wxyz6789' },
  ...change,
});
const operation = (login: string, change: Partial<BalanceOperation> = {}): BalanceOperation => ({
  login,
  kind: 'deposit',
  amount: '250',
  currency: USD,
  operationKey: KEY,
  text: 'transfer 7',
  ...change,
});
const failure = async (work: Promise<unknown>): Promise<HubFailure> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!isHubFailure(error)) throw error ?? new Error('it did not fail');
  return error;
};
const requested = (method: string, path: string) =>
  sandbox().received.filter((one) => one.method === method && one.url.startsWith(path));
const opened = async (ctx = context()) => ({ ctx, login: (await platform.createAccount(ctx, account())).login });
const around = () => ({ from: sandbox().desk.now() - WEEK, to: sandbox().desk.now() + WEEK });
/** The same connection, with its answers changed on the way. */
const through = (ctx: Context, spoil: (body: string, url: string) => string): Context => ({
  ...ctx,
  http: async (request) => {
    const answer = await ctx.http(request);
    return { ...answer, body: spoil(answer.body, request.url) };
  },
});

describe('an account', () => {
  it('belongs to a user of its own, named by our reference', async () => {
    const { ctx, login } = await opened();
    expect(JSON.parse(requested('POST', '/v1/user-accounts')[0]!.body)).toMatchObject({ email: 'kreference222@accounts.example' }); // prettier-ignore
    expect(await platform.findAccount(ctx, { reference: REFERENCE, group: 'real-USD' })).toEqual({
      login,
      group: 'real-USD',
      leverage: 100,
      access: 'full',
    });
    expect(await platform.findAccount(ctx, { reference: OTHER, group: 'real-USD' })).toBeNull();
  });

  it('asked for again is the same one, wherever the first attempt broke off', async () => {
    const ctx = context();
    sandbox().fault({ match: { method: 'POST', path: '/v1/user-accounts' }, kind: 'reset_after_commit' });
    expect((await failure(platform.createAccount(ctx, account()))).type).toBe('Unavailable');
    sandbox().fault({ match: { method: 'POST', path: '/v1/user-accounts/' }, kind: 'reset_after_commit' });
    expect((await failure(platform.createAccount(ctx, account()))).type).toBe('OutcomeUnknown');
    const found = await platform.findAccount(ctx, { reference: REFERENCE, group: 'real-USD' });
    expect(await platform.createAccount(ctx, account())).toEqual(found);
  });

  it('is found behind pages of others, foreign ones among them', async () => {
    const { ctx, login } = await opened();
    const small: Context = {
      ...ctx,
      http: (request) => ctx.http({ ...request, url: request.url.replace('size=200', 'size=1') }),
    };
    expect(await platform.findAccount(small, { reference: REFERENCE, group: 'real-USD' })).toMatchObject({ login });
    expect(requested('GET', '/v1/trading-accounts?').map(({ url }) => url.slice(-13))).toContain('page=1&size=1');
    const odd = through(ctx, (body) => body.replace('"content"', '"rows"'));
    expect((await failure(platform.findAccount(odd, { reference: OTHER, group: 'real-USD' }))).type).toBe(
      'Unavailable',
    );
    const v2 = through(ctx, (body) => body.replace('"content"', '"items"'));
    expect(await platform.findAccount(v2, { reference: REFERENCE, group: 'real-USD' })).toMatchObject({ login });
  });

  it('in a group of another currency is refused before anything is made, or unmade when the group was empty', async () => {
    const { ctx, login } = await opened();
    const wrong = account({ reference: OTHER, group: 'real-EUR' });
    expect((await failure(platform.createAccount(ctx, wrong))).reason).toBe('currency_mismatch');
    expect((await failure(platform.setGroup(ctx, login, 'real-EUR'))).reason).toBe('currency_mismatch');
    expect(requested('POST', '/v1/user-accounts')).toHaveLength(2);
    const empty = through(ctx, (body) => body.replace(/"content":\[.*\],"total/, '"content":[],"total'));
    expect((await failure(platform.createAccount(empty, wrong))).reason).toBe('currency_mismatch');
    expect(requested('DELETE', '/v1/user-accounts/')).toHaveLength(1);
    expect(await platform.findAccount(ctx, { reference: OTHER, group: 'real-EUR' })).toBeNull();
  });

  it('changes on the version it has by then, and only a version that stayed makes it a no', async () => {
    const { ctx, login } = await opened();
    await sandbox().advance(login, 'conflict');
    await platform.setLeverage(ctx, login, 200);
    expect(requested('PATCH', '/v1/trading-accounts/').map(({ status }) => status)).toEqual([409, 204]);
    expect(await failure(platform.setLeverage(ctx, login, 5000))).toMatchObject({ type: 'Rejected' });
    expect(requested('PATCH', '/v1/trading-accounts/')).toHaveLength(3);
    expect((await platform.getAccount(ctx, login)).leverage).toBe(200);
  });

  it('has four kinds of access, and a word we do not know is none of them', async () => {
    const { ctx, login } = await opened();
    for (const access of ['close_only', 'read_only', 'disabled', 'full'] as const) {
      await platform.setAccess(ctx, login, access);
      expect((await platform.getAccount(ctx, login)).access).toBe(access);
    }
    const row = { login: '1', group: 'g', leverageRatioPercent: '100', accessRight: 'LOCKED_CLOSE_ONLY' };
    expect(accountOf(row).access).toBe('close_only');
    expect(() => accountOf({ ...row, accessRight: 'HALF' })).toThrow('cannot be read');
  });

  it('has its password with the user, and no investor password', async () => {
    const { ctx, login } = await opened();
    await platform.changePassword!(ctx, login, 'main', 'Changed12');
    expect(requested('POST', '/v1/user-accounts/').at(-1)!.body).toBe('{"newPassword":"Changed12"}');
    expect((await failure(platform.changePassword!(ctx, login, 'main', 'weak'))).type).toBe('Rejected');
    expect((await failure(platform.changePassword!(ctx, login, 'investor', 'Changed12'))).type).toBe('Unsupported');
    expect((await failure(platform.changePassword!(ctx, '300001', 'main', 'Changed12'))).type).toBe('Unsupported');
  });

  it('with an open position has an equity that moves with the price, and a deal when it is closed', async () => {
    const { ctx, login } = await opened();
    await platform.applyBalance(ctx, operation(login, { amount: '5000.50' }));
    await sandbox().advance(login, 'open_position');
    const profits = new Set<string>();
    for (let n = 0; n < 4; n++) {
      await sandbox().advanceClock('3s');
      const state = await platform.getState(ctx, login);
      expect(state).toMatchObject({ balance: '5000.5', margin: '1100', live: true });
      expect(state.equity).toBe(add('5000.5', state.profit));
      profits.add(state.profit);
    }
    expect(profits.size).toBeGreaterThan(1);
    const [position] = await platform.listOpenPositions!(ctx, login);
    expect(position).toMatchObject({ symbol: 'EURUSD', side: 'buy', volume: '1' });
    await sandbox().advance(login, 'close_position');
    const [deal] = await platform.listClosedDeals!(ctx, login, around());
    expect(deal).toMatchObject({ ticket: position!.ticket, side: 'buy', openPrice: position!.openPrice });
    expect(await platform.listOpenPositions!(ctx, login)).toEqual([]);
    expect(await platform.listClosedDeals!(ctx, login, { from: 0, to: WEEK })).toEqual([]);
  });
});

describe('a balance operation', () => {
  it('goes out as a JSON number with its digits, and gets its number from the ledger', async () => {
    const ctx = context();
    const btc = await platform.createAccount(ctx, account({ group: 'real-BTC', currencyCode: 'BTC' }));
    const ticket = await platform.applyBalance(
      ctx,
      operation(btc.login, { amount: '1234567.12345678', currency: BTC }),
    );
    const [sent] = requested('POST', `/v1/trading-accounts/${btc.login}/deposit`);
    expect(sent!.body).toBe(`{"amount":1234567.12345678,"comment":"${KEY} transfer 7","additionalType":"NONE"}`);
    expect(ticket).toEqual({ ticket: sandbox().books()[0]!.id, amount: '1234567.12345678' });
    const tiny = await platform.applyBalance(ctx, operation(btc.login, { kind: 'withdraw', amount: '0.00000001', currency: BTC, operationKey: OTHER })); // prettier-ignore
    expect(tiny.amount).toBe('0.00000001');
  });

  it('that was taken is done even when the ledger cannot be read', async () => {
    const { ctx, login } = await opened();
    sandbox().fault({ match: { path: LEDGERS }, kind: 'http_500' });
    expect(await platform.applyBalance(ctx, operation(login))).toEqual({ ticket: KEY, amount: '250' });
  });

  it('maps each kind to its command and type, and is signed by the type of its ledger line', async () => {
    const { ctx, login } = await opened();
    const kinds = ['deposit', 'withdraw', 'credit_in', 'credit_out', 'correction', 'bonus'] as const;
    for (const kind of kinds) await platform.applyBalance(ctx, operation(login, { kind, amount: '10' }));
    const unsigned = through(ctx, (body) => body.replaceAll('"profit":-', '"profit":'));
    for (const way of [ctx, unsigned]) {
      const list = await platform.listBalanceOperations!(way, login, around());
      expect(list.map(({ amount }) => amount)).toEqual(['10', '-10', '10', '-10', '10', '10']);
    }
    expect(requested('POST', `/v1/trading-accounts/${login}/`).map(({ url, body }) => `${url.split('/').at(-1)} ${(JSON.parse(body) as { additionalType: string }).additionalType}`)).toEqual(
      ['deposit NONE', 'withdraw NONE', 'credit-in NONE', 'credit-out NONE', 'deposit CORRECTION', 'credit-in BONUS_IN_OUT'],
    ); // prettier-ignore
  });

  it('answered with 502 after it was applied is found by its comment', async () => {
    const { ctx, login } = await opened();
    const since = ctx.now();
    expect((await failure(platform.applyBalance(ctx, operation(login, { amount: '7.09' })))).type).toBe(
      'OutcomeUnknown',
    );
    const found = await platform.findBalanceOperation(ctx, { login, operationKey: KEY, since });
    expect(found).toEqual({ ticket: sandbox().books()[0]!.id, amount: '7.09' });
    expect(await platform.findBalanceOperation(ctx, { login, operationKey: OTHER, since })).toBeNull();
    expect((await failure(platform.findBalanceOperation(ctx, { login: '999', operationKey: KEY, since }))).type).toBe('NotFound'); // prettier-ignore
  });

  it('is found in a ledger that is longer than one answer, and never called missing in one that cannot be read whole', async () => {
    const now = Date.now();
    /** A ledger of 2500 lines, `apart` milliseconds from each other; an answer holds as many as asked for. */
    const long = (apart: number): Context => ({
      ...context(),
      now: () => now,
      http: async ({ url, body }) => {
        if (!url.endsWith('/ledgers')) return { status: 200, headers: {}, body: '{"login":"1"}' };
        const { from, to, limit } = JSON.parse(String(body)) as { from: string; to: string; limit: number };
        const operations = Array.from({ length: 2500 }, (_, n) => ({
          id: String(n),
          type: 'DEPOSIT',
          time: new Date(now - n * apart).toISOString(),
          profit: 1,
          comment: n === 2400 ? `${KEY} x` : '',
        })).filter(({ time }) => time >= from && time <= to);
        return {
          status: 200,
          headers: {},
          body: JSON.stringify([{ login: '1', operations: operations.slice(0, limit) }]),
        };
      },
    });
    const order = { login: '1', operationKey: KEY, since: now };
    expect(await platform.findBalanceOperation(long(1000), order)).toEqual({ ticket: '2400', amount: '1' });
    expect(await platform.listBalanceOperations!(long(1000), '1', { from: 0, to: now + 1 })).toHaveLength(2500);
    expect((await failure(platform.findBalanceOperation(long(0), order))).message).toContain('one moment');
  });

  it.each([
    ['more than there is', { kind: 'withdraw', amount: '1000' }, 'Rejected', 'insufficient_funds'],
    ['the magic minor part .02', { amount: '5.02' }, 'Rejected', 'provider_refused'],
    ['the magic minor part .03', { amount: '5.03' }, 'Rejected', 'insufficient_funds'],
    ['an unknown account', { login: '123' }, 'NotFound', 'not_found'],
    ['finer than the currency', { amount: '1.001' }, 'InvalidInput', 'too_many_decimals'],
    ['finer than the account', { amount: '1.001', currency: BTC }, 'Rejected', 'provider_refused'],
    ['nothing', { amount: '0' }, 'InvalidInput', 'amount_too_small'],
  ] as const)('of %s ends as it should', async (_what, change, type, reason) => {
    const { ctx, login } = await opened();
    expect(await failure(platform.applyBalance(ctx, operation(login, change)))).toMatchObject({ type, reason });
  });

  it('refused with a status nobody documented is in doubt', async () => {
    const { ctx, login } = await opened();
    await sandbox().advance(login, 'unknown_word');
    expect((await failure(platform.applyBalance(ctx, operation(login)))).type).toBe('OutcomeUnknown');
    await sandbox().advance(login, 'unknown_word');
    expect((await failure(platform.getState(ctx, login))).type).toBe('Unavailable');
  });
});

describe('the sandbox', () => {
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${server.origin}/match-trader/v1/${path}`, {
      method,
      headers: { authorization: 'Bearer sandbox-match-trader-token', 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  it('wants its token, JSON, numbers for numbers and names it knows', async () => {
    const { login } = await opened();
    const money = `trading-accounts/${login}/deposit`;
    const tries = await Promise.all([
      call('GET', 'trading-accounts', undefined, { authorization: 'sandbox-match-trader-token' }),
      call('POST', money, { amount: 1 }, { 'content-type': 'text/plain' }),
      call('POST', money, { amount: '1' }),
      call('POST', money, { amount: -1 }),
      call('POST', money, { amount: 1, currency: 'USD' }),
      call('POST', money, { amount: 1, additionalType: 'GIFT' }),
      call('PATCH', `trading-accounts/${login}`, { leverageRatioPercent: 200 }),
      call('PATCH', `trading-accounts/${login}`, { leverageRatioPercent: 200, version: 7 }),
      call('POST', 'user-accounts', { email: 'kreference222@accounts.example', password: 'Abcd1234' }),
    ]);
    expect(tries.map(({ status }) => status)).toEqual([401, 415, 400, 400, 400, 400, 400, 409, 409]);
    expect(sandbox().books()).toEqual([]);
  });

  it('takes 500 requests a minute', async () => {
    const ctx = context();
    for (let n = 0; n < 500; n++) await platform.testConnection(ctx);
    expect((await failure(platform.testConnection(ctx))).type).toBe('RateLimited');
    await sandbox().advanceClock('61s');
    await platform.testConnection(ctx);
  });
});
