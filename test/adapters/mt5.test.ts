import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { BalanceOperation } from '../../adapters/kit/trading.ts';
import { mt5 } from '../../adapters/trading/mt5/adapter.ts';
import { challengeAnswer } from '../../adapters/trading/mt5/client.ts';
import type { Mt5Config } from '../../adapters/trading/mt5/config.ts';
import provider from '../../adapters/trading/mt5/manifest.ts';
import { commentOf } from '../../adapters/kit/balance.ts';
import { closedOf, failureOf } from '../../adapters/trading/mt5/map.ts';
import { createSandbox } from '../../adapters/trading/mt5/sandbox.ts';
import { isHubFailure, type HubFailure } from '../../domain/failures.ts';
import { startSandboxServer, type SandboxServer } from '../../sandbox/server.ts';
import { lend } from '../kit/adapter-call.ts';

const USD = { alphabeticCode: 'USD', minorUnit: 2 };
const GROUP = 'real\\forex-usd';
const KEY = 'K3F7Q2M9X4ABC';
const OTHER_KEY = 'K7ZZZZZZZZZZZ';
const GOOD_PASSWORDS = { main: 'Abcd1234$', investor: 'Wxyz6789!' };

let server: SandboxServer;
beforeAll(async () => {
  server = await startSandboxServer({ port: 0, modules: [createSandbox()] });
});
afterAll(() => server.close());
beforeEach(() => sandbox().reset());

const sandbox = () => server.module('mt5');
const context = (config: Record<string, unknown> = {}, now = Date.now): AdapterContext<Mt5Config> =>
  lend(provider, { ...sandbox().vendor.defaultConfig(server.origin), ...config }, { now });
const account = (reference = 'KREFERENCE001', group = GROUP, currencyCode = 'USD') => ({
  reference,
  group,
  currencyCode,
  leverage: 100,
  name: 'Client 7',
  passwords: GOOD_PASSWORDS,
});
const operation = (login: string, change: Partial<BalanceOperation> = {}): BalanceOperation => ({
  login,
  kind: 'deposit',
  amount: '250',
  currency: USD,
  operationKey: KEY,
  text: 'from wallet',
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
const requested = (path: string) => sandbox().received.filter(({ url }) => url.startsWith(path));
const opened = async () => {
  const ctx = context();
  const { login } = await mt5.createAccount(ctx, account());
  return { ctx, login };
};

describe('signing in', () => {
  it.each([
    ['Password1', '73007dc7184747ce0f7c98516ef1c851', '77fe51827f7fa69dd80fbec9aa33f1bb'],
    ['Password1', '4db98fec17aab4dc5a240bdc659e8395', '1732021b1b332f51660b2b315eed3a35'],
    ['Пароль#9a', '00112233445566778899aabbccddeeff', '0294ce1bdd6793d754e693a0f309e9da'],
  ])('answers the challenge of %s as the vendor does', (password, random, answer) => {
    expect(challengeAnswer(password, random)).toBe(answer);
  });

  it('happens once for many commands, which share one socket', async () => {
    const { ctx, login } = await opened();
    await Promise.all([mt5.getAccount(ctx, login), mt5.getAccount(ctx, login), mt5.testConnection(ctx)]);
    expect(requested('/api/auth/start')).toHaveLength(1);
  });

  it('counts for its own socket only', async () => {
    const ctx = context();
    await mt5.testConnection(ctx);
    const answer = await fetch(`${ctx.config.url}/api/test/access`);
    expect(await answer.json()).toEqual({ retcode: expect.stringMatching(/^8 /) });
  });

  it('happens again when the server closed the idle socket', async () => {
    const ctx = context();
    await mt5.testConnection(ctx);
    await sandbox().advanceClock('4m');
    // Our side of that socket is told so before another one is answered.
    await new Promise((over) => http.get(server.origin, { agent: false }, (other) => other.resume().once('end', over)));
    await mt5.testConnection(ctx);
    expect(requested('/api/auth/answer')).toHaveLength(2);
  });

  it('with a wrong password is a matter of settings, and is not tried again at once', async () => {
    const ctx = context({ managerPassword: 'wrong' });
    expect((await failure(mt5.testConnection(ctx))).type).toBe('Config');
    expect((await failure(mt5.testConnection(ctx))).type).toBe('Config');
    expect(requested('/api/auth/start')).toHaveLength(1);
  });

  it('fails when the server cannot prove that it knows the password', async () => {
    const impostor = http.createServer((req, res) => {
      const random = '73007dc7184747ce0f7c98516ef1c851';
      res.end(JSON.stringify({ retcode: '0 Done', srv_rand: random, cli_rand_answer: random }));
    });
    await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve));
    const { port } = impostor.address() as { port: number };
    const refused = await failure(mt5.testConnection(context({ url: `http://127.0.0.1:${port}` })));
    impostor.closeAllConnections();
    impostor.close();
    expect(refused).toMatchObject({ type: 'Config', message: expect.stringContaining('prove') });
  });

  it('too late after the challenge is refused', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const get = (path: string) =>
      new Promise<Record<string, string>>((resolve, reject) => {
        http
          .get(`${server.origin}/mt5${path}`, { agent }, async (res) => {
            let text = '';
            for await (const chunk of res) text += String(chunk);
            resolve(JSON.parse(text) as Record<string, string>);
          })
          .on('error', reject);
      });
    const { srv_rand } = await get('/api/auth/start?version=484&agent=t&login=1003&type=manager');
    await sandbox().advanceClock('11s');
    const proof = challengeAnswer('Manager#Pass1', srv_rand!);
    const answer = await get(`/api/auth/answer?srv_rand_answer=${proof}&cli_rand=${srv_rand}`);
    agent.destroy();
    expect(answer['retcode']).toMatch(/^9 /);
  });
});

describe('an account', () => {
  it('is found among hundreds, and unknown references are not', async () => {
    const ctx = context();
    for (let n = 0; n < 230; n++) await mt5.createAccount(ctx, account(`KREF${String(n).padStart(9, '0')}`));
    expect(await mt5.findAccount(ctx, { reference: 'KREF000000003', group: GROUP })).toMatchObject({ login: '700004' });
    expect(await mt5.findAccount(ctx, { reference: 'KNOBODY', group: GROUP })).toBeNull();
  });

  it('is not made in a group of another currency or an unknown group', async () => {
    const ctx = context();
    const other = await failure(mt5.createAccount(ctx, account('KR1', 'real\\forex-eur')));
    const unknown = await failure(mt5.createAccount(ctx, account('KR2', 'real\\nowhere')));
    expect([other.reason, unknown.type]).toEqual(['currency_mismatch', 'NotFound']);
  });

  it('without trades has the state of its profile, with a position a live one', async () => {
    const { ctx, login } = await opened();
    await mt5.applyBalance(ctx, operation(login, { amount: '2500.50' }));
    const idle = { balance: '2500.5', equity: '2500.5', margin: '0', live: false };
    expect(await mt5.getState(ctx, login)).toMatchObject(idle);
    await sandbox().advance(login, 'open_position');
    expect(await mt5.getState(ctx, login)).toMatchObject({ balance: '2500.5', margin: '1100', live: true });
    await sandbox().advance(login, 'close_position');
    await sandbox().advance(login, 'idle');
    expect(await mt5.getState(ctx, login)).toMatchObject({ margin: '0', live: false });
  });

  it('changes leverage, and a value that the platform silently ignores is a refusal', async () => {
    const { ctx, login } = await opened();
    await mt5.setLeverage(ctx, login, 200);
    expect((await failure(mt5.setLeverage(ctx, login, 5000))).type).toBe('Rejected');
    expect((await mt5.getAccount(ctx, login)).leverage).toBe(200);
  });

  it('changes access by two bits, and knows no close-only', async () => {
    const { ctx, login } = await opened();
    for (const access of ['read_only', 'disabled', 'full'] as const) {
      await mt5.setAccess(ctx, login, access);
      expect((await mt5.getAccount(ctx, login)).access).toBe(access);
    }
    expect((await failure(mt5.setAccess(ctx, login, 'close_only'))).type).toBe('Unsupported');
  });

  it('has passwords that never appear in an address', async () => {
    const { ctx, login } = await opened();
    await mt5.changePassword(ctx, login, 'main', 'Changed1%');
    expect(await mt5.checkPassword(ctx, login, 'main', 'Changed1%')).toBe(true);
    expect(await mt5.checkPassword(ctx, login, 'main', GOOD_PASSWORDS.main)).toBe(false);
    expect((await failure(mt5.changePassword(ctx, login, 'main', 'weak'))).type).toBe('InvalidInput');
    const addresses = sandbox().received.map(({ url }) => decodeURIComponent(url));
    for (const secret of [...Object.values(GOOD_PASSWORDS), 'Changed1%', 'Manager#Pass1']) {
      expect(addresses.filter((address) => address.includes(secret))).toEqual([]);
    }
  });
});

describe('a balance operation', () => {
  it('signs the amount by its kind and carries the key first', async () => {
    const { ctx, login } = await opened();
    const kinds = ['deposit', 'withdraw', 'credit_in', 'credit_out', 'correction', 'bonus'] as const;
    for (const kind of kinds) await mt5.applyBalance(ctx, operation(login, { kind, amount: '10' }));
    expect(sandbox().books().map(({ amount, reference }) => `${amount} ${reference}`)).toEqual(
      ['10.00', '-10.00', '10.00', '-10.00', '10.00', '10.00'].map((amount) => `${amount} ${KEY}`),
    ); // prettier-ignore
  });

  it('is found behind hundreds of others', async () => {
    const { ctx, login } = await opened();
    for (let n = 0; n < 205; n++) await mt5.applyBalance(ctx, operation(login, { operationKey: OTHER_KEY }));
    await mt5.applyBalance(ctx, operation(login, { kind: 'withdraw', amount: '7.50' }));
    const found = await mt5.findBalanceOperation(ctx, { login, operationKey: KEY, since: Date.now() });
    expect(found).toEqual({ ticket: '880206', amount: '7.5' });
  });

  it('cannot be called missing while the books were not read to the end', async () => {
    const { ctx, login } = await opened();
    await mt5.applyBalance(ctx, operation(login));
    for (const kind of ['garbage', 'http_500', 'reset'] as const) {
      sandbox().fault({ match: { path: '/api/deal/get_page' }, kind });
      const work = mt5.findBalanceOperation(ctx, { login, operationKey: OTHER_KEY, since: Date.now() });
      expect((await failure(work)).type).toBe('Unavailable');
    }
    const nobody = mt5.findBalanceOperation(ctx, { login: '1', operationKey: KEY, since: Date.now() });
    expect((await failure(nobody)).type).toBe('NotFound');
  });

  it.each([
    ['over a thousand million', { amount: '1000000001' }, 'Rejected', 'amount_too_big'],
    ['an unknown account', { login: '123' }, 'NotFound', 'not_found'],
  ] as const)('of %s ends as it should', async (_what, change, type, reason) => {
    const { ctx, login } = await opened();
    expect(await failure(mt5.applyBalance(ctx, operation(login, change)))).toMatchObject({ type, reason });
  });

  it('by a manager without the right is a matter of settings', async () => {
    const { login } = await opened();
    const reader = context({ managerLogin: '1004', managerPassword: 'Reader#Pass1' });
    expect((await failure(mt5.applyBalance(reader, operation(login)))).type).toBe('Config');
    expect(sandbox().books()).toEqual([]);
  });

  it('has a comment whose cut never reaches the key', () => {
    for (const text of ['', 'x'.repeat(200), '💶'.repeat(40), 'a=b|c\\d\r\n\u0000', 'Перевод '.repeat(9)]) {
      const comment = commentOf(KEY, text, 31);
      expect(comment.length).toBeLessThanOrEqual(31);
      expect(comment.split(' ')[0]).toBe(KEY);
      expect(comment.isWellFormed()).toBe(true);
    }
  });

  it.each([7, 9, 10, 11, 15, 10012, 10031, 2, 99999])('answered with retcode %d is in doubt', (retcode) => {
    expect(failureOf(retcode, 'write').type).toBe('OutcomeUnknown');
  });
});

describe('trading', () => {
  const DAY = 24 * 3_600_000;
  const now = () => sandbox().desk.now();
  const around = () => ({ from: now() - 3_600_000, to: now() + 3_600_000 });
  const funded = async () => {
    const ctx = context({}, now);
    const { login } = await mt5.createAccount(ctx, account());
    await mt5.applyBalance(ctx, operation(login, { amount: '5000' }));
    return { ctx, login };
  };

  it('shows open positions in lots and in our time, although the server lives at UTC+3', async () => {
    const { ctx, login } = await funded();
    await sandbox().advance(login, 'open_position');
    const [position, ...others] = await mt5.listOpenPositions!(ctx, login);
    expect(others).toEqual([]);
    expect(position).toMatchObject({ ticket: '880002', symbol: 'EURUSD', side: 'buy', volume: '1', swap: '0' });
    expect(Math.abs(position!.openedAt - now())).toBeLessThan(60_000);
  });

  it('shows closed deals with the price of their entry, also when it lies months before the window', async () => {
    const { ctx, login } = await funded();
    await sandbox().advance(login, 'open_position');
    const [position] = await mt5.listOpenPositions!(ctx, login);
    await sandbox().advanceClock('100d');
    await sandbox().advance(login, 'close_position');
    const [deal, ...others] = await mt5.listClosedDeals!(ctx, login, around());
    expect(others).toEqual([]);
    expect(deal).toMatchObject({ ticket: '880003', side: 'buy', volume: '1', openPrice: position!.openPrice });
    expect((await mt5.getState(ctx, login)).balance).toBe(String(5000 + Number(deal!.profit)));
    expect(await mt5.listClosedDeals!(ctx, login, { from: now() - 90 * DAY, to: now() - DAY })).toEqual([]);
  });

  it('matches a partial close with its entries and shares what they cost', () => {
    const row = {
      Action: '0',
      Symbol: 'EURUSD',
      Digits: '5',
      Storage: '0',
      Profit: '0',
      TimeMsc: '10800000',
      PositionID: '7',
    };
    const deals = [
      { ...row, Deal: '1', Entry: '0', Price: '1.10000', Volume: '10000', Commission: '-6.00' },
      { ...row, Deal: '2', Entry: '0', Price: '1.10010', Volume: '20000', Commission: '-3.00', Fee: '-3.00' },
      { ...row, Deal: '3', Entry: '0', Price: '9', Volume: '10000', Commission: '-100', PositionID: '8' },
    ];
    const exit = {
      ...row,
      Deal: '4',
      Action: '1',
      Entry: '1',
      Price: '1.10100',
      Volume: '15000',
      Commission: '-1.50',
      Profit: '14.00',
    };
    expect(closedOf(exit, [...deals, exit], 10_800_000)).toEqual({
      ticket: '4', symbol: 'EURUSD', side: 'buy', volume: '1.5', openPrice: '1.10007', closePrice: '1.101', commission: '-7.5', swap: '0',
      profit: '14', closedAt: 0,
    }); // prettier-ignore
    expect(closedOf({ ...exit, PricePosition: '1.10012' }, deals, 0).openPrice).toBe('1.10012');
  });

  it('turned over by one deal counts each part of it once', () => {
    const row = {
      Symbol: 'EURUSD',
      Digits: '5',
      Storage: '0',
      Profit: '0',
      TimeMsc: '0',
      PositionID: '7',
      Price: '1.1',
    };
    const first = { ...row, Deal: '1', Action: '0', Entry: '0', Volume: '10000', Commission: '-2' };
    const turn = {
      ...row,
      Deal: '2',
      Action: '1',
      Entry: '2',
      Volume: '30000',
      VolumeClosed: '10000',
      Commission: '-6',
    };
    const last = {
      ...row,
      Deal: '3',
      Action: '0',
      Entry: '1',
      Volume: '20000',
      VolumeClosed: '20000',
      Commission: '-1',
    };
    const [one, other] = [turn, last].map((exit) => closedOf(exit, [first, turn, last], 0));
    expect(one).toMatchObject({ side: 'buy', volume: '1', commission: '-4' });
    expect(other).toMatchObject({ side: 'sell', volume: '2', commission: '-5' });
  });

  it('keeps the money of each account with the decimals of its own currency', async () => {
    const { ctx, login } = await funded();
    const order = { ...account('KREFERENCE002', 'real\\crypto-btc', 'BTC'), leverage: 1 };
    const btc = await mt5.createAccount(ctx, order);
    const currency = { alphabeticCode: 'BTC', minorUnit: 8 };
    const drop = operation(btc.login, { amount: '0.12345678', currency, operationKey: OTHER_KEY });
    await mt5.applyBalance(ctx, drop);
    for (const [whose, amount] of [[login, '5000'], [btc.login, '0.12345678']] as const)
      expect(await mt5.listBalanceOperations!(ctx, whose, around())).toMatchObject([{ login: whose, amount }]); // prettier-ignore
  });

  it('leaves balance operations to the books, which hold them exactly and signed', async () => {
    const { ctx, login } = await funded();
    await mt5.applyBalance(ctx, operation(login, { kind: 'credit_in', amount: '10.50', operationKey: OTHER_KEY }));
    await sandbox().advance(login, 'open_position');
    await sandbox().advance(login, 'close_position');
    const books = await mt5.listBalanceOperations!(ctx, login, around());
    expect(books.map(({ amount, operationKey }) => [amount, operationKey])).toEqual([
      ['5000', KEY],
      ['10.5', OTHER_KEY],
    ]);
    expect(await mt5.listBalanceOperations!(ctx, login, { from: now() + 60_000, to: now() + DAY })).toEqual([]);
  });
});

describe('the archive', () => {
  it('takes an account away and gives it back with everything it had, however often it is asked', async () => {
    const { ctx, login } = await opened();
    await mt5.applyBalance(ctx, operation(login));
    for (let times = 0; times < 2; times++) await mt5.archive!(ctx, login);
    expect((await failure(mt5.getAccount(ctx, login))).type).toBe('NotFound');
    expect(sandbox().books()).toHaveLength(1);
    for (let times = 0; times < 2; times++) await mt5.restore!(ctx, login);
    expect((await mt5.getState(ctx, login)).balance).toBe('250');
  });

  it('refuses an account with open positions, and knows nothing of strangers', async () => {
    const { ctx, login } = await opened();
    await mt5.applyBalance(ctx, operation(login, { amount: '2500' }));
    await sandbox().advance(login, 'open_position');
    expect((await failure(mt5.archive!(ctx, login))).reason).toBe('in_use');
    for (const work of [mt5.archive!(ctx, '5'), mt5.restore!(ctx, '5')])
      expect((await failure(work)).type).toBe('NotFound');
  });
});
