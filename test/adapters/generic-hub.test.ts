import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { BalanceOperation } from '../../adapters/kit/trading.ts';
import type { Context } from '../../adapters/trading/generic-hub/client.ts';
import provider from '../../adapters/trading/generic-hub/manifest.ts';
import { createSandbox } from '../../adapters/trading/generic-hub/sandbox.ts';
import { isHubFailure, type HubFailure } from '../../domain/failures.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const { adapter: hub } = provider;
const [REFERENCE, KEY] = ['KREFERENCE222', 'KAAAAAAAAAAA2'];

let server: SandboxServer;
beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createSandbox()] });
});
afterAll(() => server.close());
beforeEach(() => sandbox().reset());

const sandbox = () => server.module('generic-hub');
const context = (config: Record<string, unknown> = {}): Context =>
  lend(provider, { ...sandbox().vendor.defaultConfig(server.origin), ...config }, { now: () => sandbox().desk.now() });
const operation = (login: string, change: Partial<BalanceOperation> = {}): BalanceOperation => ({
  login,
  kind: 'deposit',
  amount: '5000',
  currency: { alphabeticCode: 'USD', minorUnit: 2 },
  operationKey: KEY,
  text: 'transfer 7',
  ...change,
});
const opened = async (ctx = context()) => {
  const passwords = { main: 'Unused#1', investor: 'Unused#2' };
  const order = { reference: REFERENCE, group: 'institutional-usd', currencyCode: 'USD', leverage: 100, name: 'Desk 7', passwords }; // prettier-ignore
  return { ctx, login: (await hub.createAccount(ctx, order)).login };
};
const failure = async (work: Promise<unknown>): Promise<HubFailure> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!isHubFailure(error)) throw error ?? new Error('it did not fail');
  return error;
};
const around = () => ({ from: sandbox().desk.now() - 3_600_000, to: sandbox().desk.now() + 3_600_000 });
/** The same connection, with its answers changed on the way. */
const through = (ctx: Context, spoil: (body: string) => string): Context => ({
  ...ctx,
  http: async (request) => {
    const answer = await ctx.http(request);
    return { ...answer, body: spoil(answer.body) };
  },
});
const ask = async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const { url, authValue } = context().config;
  const answer = await fetch(`${url}/margin-accounts${path}`, {
    headers: { authorization: authValue, 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('the contract of the generic hub', () => {
  it('can be met under other names: paths and the header that signs in are settings', async () => {
    const { ctx, login } = await opened();
    const other = context({ authHeader: 'X-Api-Key', accountsPath: 'takers', tradesPath: 'fills' });
    const moved: Context = {
      ...other,
      http: ({ headers: { 'x-api-key': key, ...headers } = {}, ...request }) => {
        expect(request.url).toMatch(/\/takers/);
        const url = request.url.replace('/takers', '/margin-accounts').replace('/fills', '/trades');
        return ctx.http({ ...request, url, headers: { ...headers, authorization: key! } });
      },
    };
    expect(await hub.getAccount(moved, login)).toEqual(await hub.getAccount(ctx, login));
    expect(await hub.listClosedDeals!(moved, login, around())).toEqual([]);
  });

  it('sends no passwords: hub accounts have none', async () => {
    await opened();
    expect(sandbox().received.filter(({ body }) => body.includes('Unused'))).toEqual([]);
    expect(hub.changePassword).toBeUndefined();
    expect(hub.archive).toBeUndefined();
  });

  it('keeps one position per symbol, net of opposite trades', async () => {
    const { ctx, login } = await opened();
    await hub.applyBalance(ctx, operation(login));
    for (let n = 0; n < 3; n++) await sandbox().advance(login, 'open_position');
    const [position, ...others] = await hub.listOpenPositions!(ctx, login);
    expect(others).toEqual([]);
    expect(position).toMatchObject({ ticket: 'EURUSD', symbol: 'EURUSD', side: 'buy', volume: '1' });
    await sandbox().advance(login, 'close_position');
    expect(await hub.listOpenPositions!(ctx, login)).toEqual([]);
    expect(await hub.listClosedDeals!(ctx, login, around())).toMatchObject([{ symbol: 'EURUSD', side: 'buy' }]);
  });

  it('leads through more adjustments than one page holds', async () => {
    const { ctx, login } = await opened();
    const keys = Array.from({ length: 230 }, (_, n) => `K${String(n).padStart(12, '0')}`);
    for (const operationKey of keys) await hub.applyBalance(ctx, operation(login, { amount: '1', operationKey }));
    const books = await hub.listBalanceOperations!(ctx, login, around());
    expect(books.map(({ operationKey }) => operationKey)).toEqual(keys);
    const circle = through(ctx, (body) => body.replace(/"nextCursor":(null|"\d+")/, '"nextCursor":"100"'));
    expect((await failure(hub.listBalanceOperations!(circle, login, around()))).reason).toBe('provider_garbage');
  });

  it.each([
    ['another reference', /"reference":"\w+"/, '"reference":"KSOMETHING222"'],
    ['another amount', /"amount":"[\d.]+"/, '"amount":"1.00"'],
    ['another currency', /"currency":"\w+"/, '"currency":"EUR"'],
    ['no number', /"adjustmentId":"\d+"/, '"adjustmentId":""'],
  ])('leaves an adjustment in doubt whose answer tells of %s', async (_what, told, instead) => {
    const { ctx, login } = await opened();
    const spoiled = through(ctx, (body) => body.replace(told, instead));
    expect((await failure(hub.applyBalance(spoiled, operation(login)))).type).toBe('OutcomeUnknown');
  });

  it('takes a change that left the account as it was for a no, and an answer without the account for none', async () => {
    const { ctx, login } = await opened();
    const deaf = through(ctx, (body) => body.replace('"leverage":50', '"leverage":100'));
    expect((await failure(hub.setLeverage(deaf, login, 50))).type).toBe('Rejected');
    const mute = through(ctx, () => '{}');
    expect((await failure(hub.setLeverage(mute, login, 50))).type).toBe('Unavailable');
  });

  it('refuses a reference that stands for another order, and a person has to look', async () => {
    const { ctx, login } = await opened();
    await hub.applyBalance(ctx, operation(login));
    const other = await failure(hub.applyBalance(ctx, operation(login, { amount: '7' })));
    expect(other).toMatchObject({ type: 'OutcomeUnknown', facts: { providerCode: 'DUPLICATE_REFERENCE' } });
    expect(sandbox().books()).toHaveLength(1);
  });
});

describe('its sandbox', () => {
  const good = { type: 'BALANCE', amount: '5.00', currency: 'USD', reference: KEY };
  const key = { 'idempotency-key': KEY };

  it.each([
    ['a field nobody knows', { ...good, hurry: true }, key, 400, 'INVALID'],
    ['an amount that is no text', { ...good, amount: 5 }, key, 422, 'INVALID'],
    ['an amount finer than the currency', { ...good, amount: '5.001' }, key, 422, 'INVALID'],
    ['another currency', { ...good, currency: 'EUR' }, key, 422, 'CURRENCY_MISMATCH'],
    ['a header without its reference', good, {}, 400, 'INVALID'],
    ['a wrong token', good, { ...key, authorization: 'Bearer no' }, 401, 'UNAUTHORIZED'],
  ])('refuses %s', async (_what, body, headers, status, code) => {
    const { login } = await opened();
    expect(await ask(`/${login}/adjustments`, body, headers)).toMatchObject({ status, body: { code } });
    expect(sandbox().books()).toEqual([]);
  });
});
