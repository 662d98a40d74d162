import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainNumber } from '../../adapters/kit/json.ts';
import type { Loan } from '../../adapters/kit/lend.ts';
import type { BalanceOperation } from '../../adapters/kit/trading.ts';
import type { Context } from '../../adapters/trading/mt4/client.ts';
import provider from '../../adapters/trading/mt4/manifest.ts';
import { decimal, refusalOf } from '../../adapters/trading/mt4/map.ts';
import { createSandbox } from '../../adapters/trading/mt4/sandbox.ts';
import { isHubFailure, type HubFailure } from '../../domain/failures.ts';
import { add } from '../../domain/money.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const { adapter: mt4 } = provider;
const USD = { alphabeticCode: 'USD', minorUnit: 2 };
const KEY = 'KAAAAAAAAAAA2';
const WEEK = 7 * 24 * 3_600_000;

let server: SandboxServer;
beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createSandbox()] });
});
afterAll(() => server.close());
beforeEach(() => sandbox().reset());

const sandbox = () => server.module('mt4');
const context = (config: Record<string, unknown> = {}, loan: Partial<Loan> = {}): Context =>
  lend(
    provider,
    { ...sandbox().vendor.defaultConfig(server.origin), ...config },
    { now: () => sandbox().desk.now(), ...loan },
  );
const account = (reference = 'KREFERENCE222', group = 'real-usd', currencyCode = 'USD') => ({
  reference,
  group,
  currencyCode,
  leverage: 100,
  name: 'Client 7',
  passwords: { main: 'Abcd1234$', investor: 'Wxyz6789!' },
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
const requested = (piece: string) => sandbox().received.filter(({ url }) => url.includes(piece));
const opened = async (ctx = context()) => ({ ctx, login: (await mt4.createAccount(ctx, account())).login });
const around = () => ({ from: sandbox().desk.now() - WEEK, to: sandbox().desk.now() + WEEK });

describe('tokens', () => {
  it('are fetched once for many calls, and again when they end', async () => {
    const ctx = context();
    await Promise.all([mt4.testConnection(ctx), mt4.testConnection(ctx), mt4.testConnection(ctx)]);
    expect(requested('/connect/token')).toHaveLength(1);
    await sandbox().advanceClock('1h');
    await mt4.testConnection(ctx);
    expect(requested('/connect/token')).toHaveLength(2);
  });

  it('that die early are replaced, and the call is made once more', async () => {
    const { ctx, login } = await opened();
    await sandbox().advance(login, 'sign_out');
    await mt4.applyBalance(ctx, operation(login));
    expect(requested('/TradeTransaction').map(({ status }) => status)).toEqual([401, 200]);
  });

  it('are asked for at the authority only, whatever its discovery says', async () => {
    const { ctx } = await opened();
    const elsewhere = context({ authority: ctx.config.authority.replace('127.0.0.1', 'localhost') });
    await mt4.testConnection(elsewhere);
    const lured = { ...elsewhere, session: new Map(), http: async () => ({ status: 200, headers: {}, body: '{"token_endpoint":"https://evil.example/token"}' }) }; // prettier-ignore
    expect(await failure(mt4.testConnection(lured))).toMatchObject({ type: 'Config' });
  });
});

describe('an account', () => {
  it('gets its passwords after it was made, in bodies only', async () => {
    const { ctx, login } = await opened();
    expect(await mt4.checkPassword!(ctx, login, 'main', 'Abcd1234$')).toBe(true);
    expect(await mt4.checkPassword!(ctx, login, 'main', 'Wrong1234$')).toBe(false);
    await mt4.changePassword!(ctx, login, 'investor', 'New1234');
    expect(await mt4.checkPassword!(ctx, login, 'investor', 'New1234')).toBe(true);
    expect(requested('Abcd1234').concat(requested('New1234'))).toEqual([]);
  });

  it('asked for twice under one reference is one', async () => {
    const { ctx, login } = await opened();
    expect(await mt4.createAccount(ctx, account())).toMatchObject({ login });
  });

  it('refused for a missing right is opened once the right is there', async () => {
    const ctx = context();
    await sandbox().advance('0', 'NotEnoughRights');
    expect((await failure(mt4.createAccount(ctx, account()))).type).toBe('Config');
    expect(await mt4.createAccount(ctx, account())).toMatchObject({ login: '500001' });
    expect(await mt4.createAccount(ctx, account())).toMatchObject({ login: '500001' });
  });

  it('whose passwords could not be set is found, and not made again', async () => {
    const ctx = context();
    sandbox().fault({ match: { method: 'POST', path: '/api/v2/MT4', body: 'Abcd1234' }, kind: 'reset' });
    expect((await failure(mt4.createAccount(ctx, account()))).type).toBe('OutcomeUnknown');
    const found = await mt4.findAccount(ctx, { reference: 'KREFERENCE222', group: 'real-usd' });
    expect(found).toEqual({ login: '500001', group: 'real-usd', leverage: 100, access: 'full' });
  });

  it('is called missing only after all pages of users were read', async () => {
    const ctx = context();
    for (let n = 0; n < 3; n++) await mt4.createAccount(ctx, account(`KREFERENCE22${n}`));
    const small = { ...ctx, http: (request: Parameters<typeof ctx.http>[0]) => ctx.http({ ...request, url: request.url.replace('limit=500', 'limit=2') }) }; // prettier-ignore
    expect(await mt4.findAccount(small, { reference: 'KREFERENCE222', group: 'real-usd' })).not.toBeNull();
    expect(await mt4.findAccount(small, { reference: 'KREFERENCE999', group: 'real-usd' })).toBeNull();
    sandbox().fault({ match: { path: '/api/v2/MT4' }, kind: 'garbage' });
    expect((await failure(mt4.findAccount(small, { reference: 'KREFERENCE999', group: 'real-usd' }))).type).toBe('Unavailable'); // prettier-ignore
  });

  it('of another currency, or in a group of another currency, is refused', async () => {
    const { ctx, login } = await opened();
    const other = await failure(mt4.createAccount(ctx, account('K2', 'real-eur')));
    const moved = await failure(mt4.setGroup(ctx, login, 'real-eur'));
    expect([other.reason, moved.reason]).toEqual(['currency_mismatch', 'currency_mismatch']);
    expect((await failure(mt4.setGroup(ctx, login, 'nowhere'))).type).toBe('NotFound');
    await mt4.setGroup(ctx, login, 'demo-usd');
    expect(await mt4.getAccount(ctx, login)).toMatchObject({ group: 'demo-usd' });
  });

  it('keeps its other flags when its access changes, and knows no close-only', async () => {
    const { ctx, login } = await opened();
    for (const access of ['read_only', 'disabled', 'full'] as const) {
      await mt4.setAccess(ctx, login, access);
      expect((await mt4.getAccount(ctx, login)).access).toBe(access);
    }
    expect(requested('/UserRecord/').map(({ body }) => body)).toEqual([7, 6, 3].map((enableFlags) => JSON.stringify({ enableFlags }))); // prettier-ignore
    expect((await failure(mt4.setAccess(ctx, login, 'close_only'))).type).toBe('Unsupported');
    expect((await failure(mt4.setLeverage(ctx, login, 5000))).type).toBe('Rejected');
  });

  it('has no margin state while nothing is open; with a position its equity moves with the price', async () => {
    const { ctx, login } = await opened();
    await mt4.applyBalance(ctx, operation(login, { amount: '5000.50' }));
    expect(await mt4.getState(ctx, login)).toMatchObject({ balance: '5000.5', equity: '5000.5', live: false });
    await sandbox().advance(login, 'open_position');
    const profits = new Set<string>();
    for (let n = 0; n < 4; n++) {
      await sandbox().advanceClock('3s');
      const state = await mt4.getState(ctx, login);
      expect(state).toMatchObject({ balance: '5000.5', margin: '1100', live: true });
      expect(state.equity).toBe(add('5000.5', state.profit));
      profits.add(state.profit);
    }
    expect(profits.size).toBeGreaterThan(1);
    const [position] = await mt4.listOpenPositions!(ctx, login);
    await sandbox().advance(login, 'close_position');
    const [deal] = await mt4.listClosedDeals!(ctx, login, around());
    expect(deal).toMatchObject({ ticket: position!.ticket, symbol: 'EURUSD', side: 'buy', volume: '1' });
    expect(await mt4.listOpenPositions!(ctx, login)).toEqual([]);
    expect(await mt4.listClosedDeals!(ctx, login, { from: 0, to: WEEK })).toEqual([]);
  });
});

describe('a balance operation', () => {
  it('goes out as a JSON number with its digits, signed, under its key', async () => {
    const { ctx, login } = await opened();
    await mt4.applyBalance(
      ctx,
      operation(login, { amount: '90071992547.10', text: 'a text that is far too long for MT4' }),
    );
    await mt4.applyBalance(ctx, operation(login, { kind: 'withdraw', amount: '0.10', operationKey: 'KBBBBBBBBBBB2' }));
    const [first, second] = requested('/TradeTransaction');
    expect(first!.body).toContain('"price":90071992547.10,"comment":"KAAAAAAAAAAA2 a text that is fa"');
    expect(first!.headers['idempotency-key']).toBe(KEY);
    expect(second!.body).toContain('"price":-0.10');
    expect(sandbox().books().map((entry) => [entry.reference, entry.amount])).toEqual([[KEY, '90071992547.10'], ['KBBBBBBBBBBB2', '-0.10']]); // prettier-ignore
  });

  it('repeated under its key gets the first answer; another order under that key is not taken for done', async () => {
    const { ctx, login } = await opened();
    const first = await mt4.applyBalance(ctx, operation(login));
    expect(await mt4.applyBalance(ctx, operation(login))).toEqual(first);
    expect((await failure(mt4.applyBalance(ctx, operation(login, { amount: '300' })))).type).toBe('OutcomeUnknown');
    expect(sandbox().books()).toHaveLength(1);
  });

  it('that is still running is in doubt when repeated, and found when it is over', async () => {
    const { ctx, login } = await opened();
    await sandbox().advance(login, 'hang');
    const since = ctx.now();
    const stop = new AbortController();
    const { session } = ctx;
    const lost = failure(mt4.applyBalance(context({}, { session, signal: stop.signal }), operation(login)));
    while (!sandbox().received.some(({ body }) => body.includes(KEY))) await sleep(10);
    stop.abort();
    expect((await lost).type).toBe('OutcomeUnknown');
    expect(await failure(mt4.applyBalance(ctx, operation(login)))).toMatchObject({
      type: 'OutcomeUnknown',
      facts: { providerCode: 'OutcomeUnknown' },
    });
    expect(await mt4.findBalanceOperation(ctx, { login, operationKey: KEY, since })).toBeNull();
    await sandbox().advance(login, 'finish');
    expect(await mt4.findBalanceOperation(ctx, { login, operationKey: KEY, since })).toMatchObject({ amount: '250' });
  });

  it('turned away as busy was not done, and may be repeated under its key', async () => {
    const { ctx, login } = await opened();
    await sandbox().advance(login, 'Busy');
    expect((await failure(mt4.applyBalance(ctx, operation(login)))).type).toBe('Unavailable');
    for (const word of ['Timeout', 'NoConnect', 'Internal', 'unknown_word']) {
      await sandbox().advance(login, word);
      const doubt = await failure(mt4.applyBalance(ctx, operation(login, { operationKey: `${KEY.slice(0, -1)}${word[0]!.toUpperCase()}` }))); // prettier-ignore
      expect(doubt.type).toBe('OutcomeUnknown');
    }
    await mt4.applyBalance(ctx, operation(login));
    expect(sandbox().books()).toHaveLength(1);
  });

  it.each([
    ['TooFrequent', 'RateLimited'],
    ['NotEnoughRights', 'Config'],
  ])('answered with %s is done when it is tried again: that answer stays under its key', async (word, type) => {
    const { ctx, login } = await opened();
    await sandbox().advance(login, word);
    expect((await failure(mt4.applyBalance(ctx, operation(login)))).type).toBe(type);
    const done = await mt4.applyBalance(ctx, operation(login));
    expect(sandbox().books()).toHaveLength(1);
    expect(await mt4.findBalanceOperation(ctx, { login, operationKey: KEY, since: ctx.now() })).toEqual(done);
  });

  it('lost under its second key is one when repeated', async () => {
    const { ctx, login } = await opened();
    await sandbox().advance(login, 'TooFrequent');
    await failure(mt4.applyBalance(ctx, operation(login)));
    sandbox().fault({ match: { method: 'POST', path: '/api/v2/MT4' }, kind: 'reset_after_commit', times: 1 });
    expect((await failure(mt4.applyBalance(ctx, operation(login)))).type).toBe('OutcomeUnknown');
    expect(await mt4.applyBalance(ctx, operation(login))).toMatchObject({ amount: '250' });
    expect(sandbox().books()).toHaveLength(1);
  });

  describe('with a second key', () => {
    const refuse = async (ctx: Context, login: string, operationKey = KEY) => {
      await sandbox().advance(login, 'TooFrequent');
      return (await failure(mt4.applyBalance(ctx, operation(login, { operationKey })))).type;
    };

    it('keeps it for as long as it is tried', async () => {
      const { ctx, login } = await opened();
      await refuse(ctx, login);
      await sandbox().advanceClock('5d');
      sandbox().fault({ match: { method: 'POST', path: '/api/v2/MT4' }, kind: 'reset_after_commit', times: 1 });
      expect((await failure(mt4.applyBalance(ctx, operation(login)))).type).toBe('OutcomeUnknown');
      await sandbox().advanceClock('5d');
      await refuse(ctx, login, 'KBBBBBBBBBBB2');
      expect(await mt4.applyBalance(ctx, operation(login))).toMatchObject({ amount: '250' });
      expect(sandbox().books()).toHaveLength(1);
    });

    it('is forgotten when it was not tried for a week: told the kept no once more, it is not done by that', async () => {
      const { ctx, login } = await opened();
      await refuse(ctx, login, 'KBBBBBBBBBBB2');
      const held = ctx.session.size;
      await sandbox().advanceClock('8d');
      await refuse(ctx, login, 'KCCCCCCCCCCC2');
      expect(ctx.session.size).toBe(held);
      const again = operation(login, { operationKey: 'KBBBBBBBBBBB2' });
      expect((await failure(mt4.applyBalance(ctx, again))).type).toBe('RateLimited');
      expect(sandbox().books()).toEqual([]);
    });
  });

  it.each([
    ['more than there is', { kind: 'withdraw', amount: '1000' }, 'Rejected', 'insufficient_funds'],
    ['the magic minor part .02', { amount: '5.02' }, 'Rejected', 'provider_refused'],
    ['the magic minor part .03', { amount: '5.03' }, 'Rejected', 'insufficient_funds'],
    ['the magic minor part .09', { amount: '5.09' }, 'OutcomeUnknown', 'provider_outcome_unknown'],
    ['an unknown account', { login: '123' }, 'NotFound', 'not_found'],
    ['a login of another platform', { login: 'W-17' }, 'NotFound', 'not_found'],
    ['finer than two decimals', { amount: '1.001', currency: { alphabeticCode: 'BTC', minorUnit: 8 } }, 'InvalidInput', 'too_many_decimals'],
    ['nothing', { amount: '0' }, 'InvalidInput', 'amount_too_small'],
  ] as const)('of %s ends as it should', async (_what, change, type, reason) => {
    const { ctx, login } = await opened();
    expect(await failure(mt4.applyBalance(ctx, operation(login, change)))).toMatchObject({ type, reason });
  }); // prettier-ignore

  it('stands in the list with its sign, its key and its time, and foreign ones without a key', async () => {
    const { ctx, login } = await opened();
    await mt4.applyBalance(ctx, operation(login));
    await mt4.applyBalance(ctx, operation(login, { kind: 'credit_in', operationKey: 'by hand' }));
    await mt4.applyBalance(ctx, operation(login, { kind: 'withdraw', amount: '50', operationKey: 'KBBBBBBBBBBB2' }));
    const list = await mt4.listBalanceOperations!(ctx, login, around());
    expect(list.map(({ amount, operationKey }) => [amount, operationKey])).toEqual([['250', KEY], ['250', undefined], ['-50', 'KBBBBBBBBBBB2']]); // prettier-ignore
    expect(list[0]!.at).toBeGreaterThan(ctx.now() - 60_000);
  });

  it('is found in a history longer than we read at once', async () => {
    const { ctx, login } = await opened();
    const now = ctx.now();
    const long = http.createServer((req, res) => {
      const { searchParams } = new URL(req.url!, 'http://x');
      const [from, to] = ['fromTime', 'toTime'].map((name) => Date.parse(searchParams.get(name)!)) as [number, number];
      const trades = Array.from({ length: 3000 }, (_, n) => ({ n, at: now - n * 20_000 }))
        .filter(({ at }) => at >= from && at <= to)
        .map(({ n, at }) => ({
          order: n, login: 1, tradeCommand: 'Balance', profit: 2.5, openTime: new Date(at).toISOString(), closeTime: new Date(at).toISOString(),
          comment: n === 2999 ? KEY : 'x'.repeat(400),
        })); // prettier-ignore
      res.end(JSON.stringify({ data: trades, error: null, meta: {} }));
    });
    await new Promise<void>((resolve) => long.listen(0, '127.0.0.1', resolve));
    const { port } = long.address() as { port: number };
    const there: Context = {
      ...ctx,
      http: (request) =>
        ctx.http(
          request.url.includes('History') ? { ...request, url: request.url.replace(/:\d+/, `:${port}`) } : request,
        ),
    };
    const found = await mt4.findBalanceOperation(there, { login, operationKey: KEY, since: now });
    const all = await mt4.listBalanceOperations!(there, login, { from: now - WEEK, to: now + 1 });
    long.closeAllConnections();
    long.close();
    expect(found).toEqual({ ticket: '2999', amount: '2.5' });
    expect(all).toHaveLength(3000);
  });

  it('cannot be called missing at a login that is not seen', async () => {
    const look = mt4.findBalanceOperation(context(), { login: '999', operationKey: KEY, since: Date.now() });
    expect((await failure(look)).type).toBe('NotFound');
  });
});

describe('what the WebAPI says', () => {
  it('is read digit by digit, exponents and the noise of doubles included', () => {
    const read = (text: string) => decimal({ n: text }, 'n');
    expect(['250.0', '1E-05', '1.5E+16', '1234.5600000000002', '-0.30000000000000004', '9007199254740993'].map(read)).toEqual(
      ['250', '0.00001', '15000000000000000', '1234.56', '-0.3', '9007199254740993'],
    ); // prettier-ignore
    expect([plainNumber('1e'), plainNumber('0x1'), plainNumber('')]).toEqual([null, null, null]);
  });

  it.each([
    ['TradeNoMoney', 'write', 'Rejected'],
    ['NotEnoughRights', 'write', 'Config'],
    ['TooFrequent', 'write', 'RateLimited'],
    ['TradeTimeout', 'write', 'OutcomeUnknown'],
    ['TechProblem', 'read', 'Unavailable'],
    ['777', 'write', 'OutcomeUnknown'],
  ] as const)('with manager code %s after a %s means %s', (managerCode, effect, type) => {
    const asked = { provider: 'MT4 WebAPI', what: 'POST TradeTransaction', effect };
    expect(refusalOf({ scrub: (text) => text }, asked, { code: 'MT4Error', managerCode }, {}).type).toBe(type);
  });
});

describe('the sandbox', () => {
  const call = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
    const { ctx } = await opened();
    const token = ((await ([...ctx.session.values()][0] as Promise<{ access: string }>)) ?? {}).access;
    return fetch(`${ctx.config.url}/api/v2/MT4/${ctx.config.tradePlatform}/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body }),
    });
  };
  const said = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;
  const order = '{"tradeTransactionType":"BrBalance","tradeCommand":"Balance","orderBy":500001,"price":1.00';

  it('wants a token, JSON, numbers for numbers and names it knows', async () => {
    expect((await call('GET', 'ServerTime', undefined, { authorization: 'Bearer x' })).status).toBe(401);
    expect((await call('POST', 'TradeTransaction', `${order}}`, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await call('POST', 'TradeTransaction', order)).status).toBe(400);
    expect(await said(await call('POST', 'TradeTransaction', order.replace('1.00', '"1.00"') + '}'))).toBe(
      'Validation',
    );
    expect(await said(await call('POST', 'TradeTransaction', `${order},"amount":1}`))).toBe('Validation');
    expect(await said(await call('POST', 'TradeTransaction', order.replace('BrBalance', 'BalanceAdd') + '}'))).toBe('Validation'); // prettier-ignore
    expect((await call('DELETE', 'UserRecord/500001', '{}')).status).toBe(404);
    expect(sandbox().books()).toEqual([]);
  });
});
