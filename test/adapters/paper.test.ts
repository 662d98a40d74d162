import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { BalanceOperation } from '../../adapters/kit/trading.ts';
import type { Context } from '../../adapters/trading/paper/client.ts';
import provider from '../../adapters/trading/paper/manifest.ts';
import { createSandbox } from '../../adapters/trading/paper/sandbox.ts';
import { isHubFailure, type HubFailure } from '../../domain/failures.ts';
import { add } from '../../domain/money.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const { adapter: paper } = provider;
const [REFERENCE, KEY] = ['KREFERENCE222', 'KAAAAAAAAAAA2'];

let server: SandboxServer;
beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createSandbox()] });
});
afterAll(() => server.close());
beforeEach(() => sandbox().reset());

const sandbox = () => server.module('paper');
const context = (): Context =>
  lend(provider, sandbox().vendor.defaultConfig(server.origin), { now: () => sandbox().desk.now() });
const account = (change: Record<string, unknown> = {}) => ({
  reference: REFERENCE,
  group: 'paper-usd',
  currencyCode: 'USD',
  leverage: 100,
  name: 'Client 7',
  passwords: { main: 'Abcd1234', investor: 'Wxyz6789' },
  ...change,
});
const operation = (login: string, change: Partial<BalanceOperation> = {}): BalanceOperation => ({
  login,
  kind: 'deposit',
  amount: '1500',
  currency: { alphabeticCode: 'USD', minorUnit: 2 },
  operationKey: KEY,
  text: 'transfer 7',
  ...change,
});
const funded = async (ctx = context()) => {
  const { login } = await paper.createAccount(ctx, account());
  await paper.applyBalance(ctx, operation(login));
  return { ctx, login };
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
/** As a person with the platform's key, beside the hub. */
const call = async (method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${context().config.url}${path}`, {
    method,
    headers: { authorization: 'Bearer sandbox-paper-key', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Record<string, string> };
};

describe('trading on paper', () => {
  it('opens a position at the price of the feed, and closing it moves the balance by its profit', async () => {
    const { ctx, login } = await funded();
    const { body: quote } = await call('GET', '/price');
    const { status, body: bought } = await call('POST', `/accounts/${login}/positions`, { side: 'buy' });
    expect([status, quote['symbol']]).toEqual([201, 'EURUSD']);
    expect(Math.abs(Number(bought['openPrice']) - Number(quote['price']))).toBeLessThan(0.002);
    expect(await paper.getState(ctx, login)).toMatchObject({ balance: '1500', margin: '1100' });
    await sandbox().advanceClock('11s');
    expect(await paper.listOpenPositions!(ctx, login)).toMatchObject([{ ticket: bought['ticket'], side: 'buy' }]);
    expect((await call('DELETE', `/accounts/${login}/positions/${bought['ticket']}`)).status).toBe(204);
    const [deal] = await paper.listClosedDeals!(ctx, login, around());
    expect((await paper.getState(ctx, login)).balance).toBe(add('1500', deal!.profit));
    expect(await paper.listBalanceOperations!(ctx, login, around())).toHaveLength(1);
  });

  it('needs money for the margin', async () => {
    const { ctx, login } = await funded();
    expect((await call('POST', `/accounts/${login}/positions`, { side: 'sell' })).status).toBe(201);
    const second = await call('POST', `/accounts/${login}/positions`, { side: 'sell' });
    expect(second).toMatchObject({ status: 422, body: { code: 'NO_MONEY' } });
    const tooMuch = operation(login, { kind: 'withdraw', amount: '1000', operationKey: 'KBBBBBBBBBBB2' });
    expect(await failure(paper.applyBalance(ctx, tooMuch))).toMatchObject({ reason: 'insufficient_funds' });
    expect((await failure(paper.archive!(ctx, login))).reason).toBe('in_use');
  });

  it('obeys the access of the account', async () => {
    const { ctx, login } = await funded();
    const { body } = await call('POST', `/accounts/${login}/positions`, { side: 'buy' });
    await paper.setAccess(ctx, login, 'read_only');
    const close = () => call('DELETE', `/accounts/${login}/positions/${body['ticket']}`);
    expect((await close()).body['code']).toBe('TRADING_DISABLED');
    await paper.setAccess(ctx, login, 'close_only');
    expect((await call('POST', `/accounts/${login}/positions`, { side: 'buy' })).body['code']).toBe('TRADING_DISABLED');
    expect((await close()).status).toBe(204);
  });
});

describe('an account on paper', () => {
  it('asked for again with new passwords is the same one and keeps the first', async () => {
    const { ctx, login } = await funded();
    const again = await paper.createAccount(ctx, account({ passwords: { main: 'Other1234', investor: 'Other5678' } }));
    expect(again.login).toBe(login);
    expect(await paper.checkPassword!(ctx, login, 'main', 'Abcd1234')).toBe(true);
    expect(await paper.checkPassword!(ctx, login, 'investor', 'Abcd1234')).toBe(false);
    expect((await failure(paper.createAccount(ctx, account({ leverage: 50 })))).type).toBe('OutcomeUnknown');
    expect((await failure(paper.changePassword!(ctx, login, 'main', 'short'))).type).toBe('InvalidInput');
  });

  it('put away keeps its money and its place in the books', async () => {
    const { ctx, login } = await funded();
    for (let times = 0; times < 2; times++) await paper.archive!(ctx, login);
    expect((await failure(paper.getState(ctx, login))).type).toBe('NotFound');
    expect(await paper.findBalanceOperation(ctx, { login, operationKey: KEY, since: 0 })).toMatchObject({ amount: '1500' }); // prettier-ignore
    expect(sandbox().books()).toHaveLength(1);
    for (let times = 0; times < 2; times++) await paper.restore!(ctx, login);
    expect((await paper.getState(ctx, login)).balance).toBe('1500');
    expect((await failure(paper.restore!(ctx, '5'))).type).toBe('NotFound');
  });

  it('has a key for every operation, and another order under it is left to a person', async () => {
    const { ctx, login } = await funded();
    expect((await failure(paper.applyBalance(ctx, operation(login, { amount: '7' })))).type).toBe('OutcomeUnknown');
    const stranger = { login: '5', operationKey: KEY, since: 0 };
    expect((await failure(paper.findBalanceOperation(ctx, stranger))).type).toBe('OutcomeUnknown');
    expect(sandbox().books()).toHaveLength(1);
  });

  it('shows more operations than one page holds', async () => {
    const { ctx, login } = await funded();
    const keys = Array.from({ length: 120 }, (_, n) => `K${String(n).padStart(12, '0')}`);
    for (const operationKey of keys) await paper.applyBalance(ctx, operation(login, { amount: '1', operationKey }));
    const books = await paper.listBalanceOperations!(ctx, login, around());
    expect(books.map(({ operationKey }) => operationKey)).toEqual([KEY, ...keys]);
  });
});
