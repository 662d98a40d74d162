import { Router, type NextFunction, type Request, type Response } from 'express';
import { randomUUID } from 'node:crypto';
import { fits, isPositive, negate, normal, type Amount } from '../../../domain/money.ts';
import { exactJson, jsonNumber, objectOf, word } from '../../kit/json.ts';
import { priceOf, SandboxBroker, SYMBOL, type BrokerAccount, type BrokerPosition } from '../../kit/sandbox-broker.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { sameText } from '../../kit/signing.ts';

const TOKEN = 'sandbox-match-trader-token';
const PER_MINUTE = 500;
const RIGHTS = ['FULL', 'CLOSE_ONLY', 'TRADING_DISABLED', 'TRADING_AND_LOGIN_DISABLED'];
const TYPES = [
  'DEPOSIT',
  'WITHDRAWAL',
  'CREDIT_IN',
  'CREDIT_OUT',
  'AGENT_COMMISSION',
  'COMMISSIONS',
  'SWAPS',
  'CLOSED_POSITION',
];
const ADDITIONAL = 'NONE NEGATIVE_BALANCE_WITHDRAW CORRECTION REVENUE_SHARE INVOICE_PAYMENT MINIMUM_MONTHLY AGENT_COMMISSION NEGATIVE_BALANCE_CORRECTION SETTLEMENT INACTIVITY_FEE BONUS_IN_OUT STORAGE_FEE M2P BANK CRYPTO DEPOSIT_CORRECTION WITHDRAW_CORRECTION SWAP_CORRECTION COMMISSION_CORRECTION AGENT_FEE_CORRECTION MINIMUM_MONTHLY_FEE_CORRECTION REVENUE_SHARE_CORRECTION CPA DEPOSIT_BONUS CASHBACK IB_COMMISSION INTERNAL_TRANSFER NORIA_PAYMENT UNKNOWN'.split(' '); // prettier-ignore
const COMMANDS: Record<string, readonly ['balance' | 'credit', sign: 1 | -1]> = {
  deposit: ['balance', 1],
  withdraw: ['balance', -1],
  'credit-in': ['credit', 1],
  'credit-out': ['credit', -1],
};
const NEW_ACCOUNT =
  'group leverageRatioPercent accessRight isProView accountType accountDetails initialDeposit initialCredit remarks'.split(
    ' ',
  );
/** Ledger lines of one answer, whatever limit is asked for. */
const MOST_LINES = 1000;

interface Profile {
  uuid: string;
  user: string;
  accessRight: string;
  accountType: string;
  accountDetails: unknown;
  remarks: string;
  version: number;
}
type Account = BrokerAccount<Profile>;
type Body = Record<string, unknown>;

/** Becomes their error body. */
class Problem extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}
const TITLES: Record<number, string> = { 400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found', 409: 'Conflict', 415: 'Unsupported Media Type', 418: 'Teapot', 422: 'Unprocessable Entity', 429: 'Too Many Requests', 502: 'Bad Gateway' }; // prettier-ignore
const assert = (holds: unknown, detail: string, status = 400): void => {
  if (!holds) throw new Problem(status, detail);
};
const money = (value: Amount) => jsonNumber(normal(value));
const isLeverage = (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1000;

/** Broker API v2 of Match-Trader. As on the vendor's shared sandbox, accounts of other brokers are there too. */
export const createSandbox = (): SandboxModule => {
  const broker = new SandboxBroker<Profile>({
    groups: {
      'real-USD': { currency: 'USD', decimals: 2 },
      'real-EUR': { currency: 'EUR', decimals: 2 },
      'real-BTC': { currency: 'BTC', decimals: 8 },
      'demo-USD': { currency: 'USD', decimals: 2 },
    },
    firstLogin: 300_001,
  });
  const users = new Map<string, { uuid: string; email: string; password: string; created: string }>();
  const next = new Map<string, string>();
  let asked: number[] = [];

  const reset = () => {
    broker.reset();
    for (const kept of [users, next]) kept.clear();
    asked = [];
    for (const group of broker.groupNames()) open('somebody', { group, leverageRatioPercent: 100, accountType: 'REAL', accountDetails: {}, remarks: 'another broker' });
  }; // prettier-ignore

  const open = (user: string, { group, leverageRatioPercent, accessRight = 'FULL', accountType, accountDetails, remarks = '' }: Body) =>
    broker.open(String(group), Number(leverageRatioPercent), {
      uuid: randomUUID(), user, accessRight: String(accessRight), accountType: String(accountType), accountDetails, remarks: String(remarks), version: 1,
    }); // prettier-ignore
  const shown = ({ login, group, leverage, openedAt, profile }: Account) => {
    const { balance, equity, profit, margin, freeMargin, credit, level } = broker.state(login);
    const { currency, decimals } = broker.group(group)!;
    return {
      uuid: profile.uuid, created: new Date(openedAt).toISOString(), brokerId: 0, login, group, leverageRatioPercent: leverage,
      accessRight: profile.accessRight, isProView: false, accountType: profile.accountType, accountDetails: profile.accountDetails, remarks: profile.remarks,
      financeInfo: {
        balance: money(balance), equity: money(equity), profit: money(profit), netProfit: money(profit), margin: money(margin), freeMargin: money(freeMargin),
        marginLevel: money(level), credit: money(credit), currency, currencyPrecision: decimals,
      },
      missingInTradingSystem: false, version: profile.version,
    };
  }; // prettier-ignore
  const trade = (position: BrokerPosition) => ({
    id: position.ticket, symbol: SYMBOL, alias: SYMBOL, volume: 1, side: position.side.toUpperCase(), openTime: new Date(position.openedAt).toISOString(),
    openPrice: money(priceOf(position.points)), stopLoss: 0, takeProfit: 0, swap: 0, commission: 0, profit: money(broker.profitOf(position)),
    netProfit: money(broker.profitOf(position)), comment: '',
  }); // prettier-ignore

  /** The account of the path; an order waiting for it (`unknown_word`, `conflict`) comes true here. */
  const account = (req: Request): Account => {
    const found = broker.accounts.get(String(req.params['login']));
    if (!found) throw new Problem(404, 'Trading account not found');
    const word = next.get(found.login);
    if (word === 'conflict' && req.method === 'PATCH') found.profile.version += 1;
    if (word === 'unknown_word' || req.method === 'PATCH') next.delete(found.login);
    assert(word !== 'unknown_word', 'Something nobody wrote down', 418);
    return found;
  };
  const userOf = (req: Request) => {
    const user = [...users.values()].find(({ uuid }) => uuid === req.params['uuid']);
    if (!user) throw new Problem(404, 'User account not found');
    return user;
  };
  /** The JSON body, with the names the vendor knows and nothing else. */
  const bodyOf = (req: Request, names: readonly string[], required = names): Body => {
    assert(/^application\/json(;|$)/.test(req.get('content-type') ?? ''), 'JSON is wanted', 415);
    let body: Body;
    try {
      body = Object(JSON.parse((req.body as Buffer).toString('utf8')));
    } catch {
      throw new Problem(400, 'Malformed JSON');
    }
    for (const name of Object.keys(body)) assert(names.includes(name), `Unknown field ${name}`);
    for (const name of required) assert(body[name] !== undefined && body[name] !== '', `${name} is required`);
    return body;
  };
  const within = (body: Body, at: number) =>
    at >= Date.parse(String(body['from'])) && at <= Date.parse(String(body['to']));
  const loginsOf = (body: Body): Account[] => {
    assert(Array.isArray(body['logins']) && body['logins'].length > 0, 'logins or groups are required');
    return (body['logins'] as unknown[]).flatMap((login) => broker.accounts.get(String(login)) ?? []);
  };
  const strong = (password: unknown) =>
    assert(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{8,}$/.test(String(password)), 'Password is too weak');

  const routes = (): Router => {
    const api = Router();
    api.post('/user-accounts', (req, res) => {
      const { email, password } = bodyOf(req, ['email', 'password']) as { email: string; password: string };
      assert(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email), 'Invalid e-mail');
      strong(password);
      assert(!users.has(email), 'User with this e-mail already exists', 409);
      const user = { uuid: randomUUID(), email, password, created: new Date(broker.now()).toISOString() };
      users.set(email, user);
      res.json({ uuid: user.uuid, email, created: user.created, brokerId: 0 });
    });
    api.get('/user-accounts/email/:email', (req, res) => {
      const user = users.get(req.params.email);
      assert(user, 'User account not found', 404);
      res.json({ uuid: user!.uuid, email: user!.email, created: user!.created, brokerId: 0 });
    });
    api.delete('/user-accounts/:uuid', (req, res) => {
      const { uuid, email } = userOf(req);
      users.delete(email);
      for (const { login, profile } of broker.accounts.values()) if (profile.user === uuid) broker.accounts.delete(login);
      res.status(204).end();
    });
    api.post('/user-accounts/:uuid/change-password', (req, res) => {
      const { newPassword } = bodyOf(req, ['newPassword']);
      strong(newPassword);
      userOf(req).password = String(newPassword);
      res.status(204).end();
    });
    api.post('/user-accounts/:uuid/trading-accounts', (req, res) => {
      const body = bodyOf(req, NEW_ACCOUNT, ['group', 'leverageRatioPercent', 'accountType', 'accountDetails']);
      assert(broker.group(String(body['group'])), 'Group not found', 404);
      assert(isLeverage(body['leverageRatioPercent']), 'Invalid leverage');
      assert(['REAL', 'DEMO'].includes(String(body['accountType'])), 'Invalid accountType');
      assert(RIGHTS.includes(String(body['accessRight'] ?? 'FULL')), 'Invalid accessRight');
      const { firstName, lastName } = Object(body['accountDetails']) as Body;
      assert(firstName && lastName, 'accountDetails need firstName and lastName');
      res.json(shown(open(userOf(req).uuid, body)));
    });
    api.get('/trading-accounts', (req, res) => {
      const { group, page = '0', size = '10' } = req.query as Record<string, string>;
      assert(/^\d+$/.test(page) && Number(size) >= 1 && Number(size) <= 1000, 'Invalid page');
      const all = [...broker.accounts.values()].filter((one) => group === undefined || one.group === group);
      const content = all.slice(Number(page) * Number(size), (Number(page) + 1) * Number(size)).map(shown);
      res.json({ content, totalElements: all.length, number: Number(page), size: Number(size) });
    });
    api.get('/trading-accounts/:login', (req, res) => res.json(shown(account(req))));
    api.patch('/trading-accounts/:login', (req, res) => {
      const one = account(req);
      const { version, group, leverageRatioPercent: leverage, accessRight } = bodyOf(req, ['version', 'group', 'leverageRatioPercent', 'accessRight'], ['version']);
      assert(version === one.profile.version, 'Version of the account has changed', 409);
      assert(leverage === undefined || isLeverage(leverage), 'Invalid leverage', 422);
      assert(accessRight === undefined || RIGHTS.includes(String(accessRight)), 'Invalid accessRight');
      const other = group === undefined ? broker.group(one.group) : broker.group(String(group));
      assert(other, 'Group not found', 404);
      assert(other!.currency === broker.group(one.group)!.currency, 'Group has another currency', 422);
      Object.assign(one, { group: group ?? one.group, leverage: leverage ?? one.leverage });
      one.profile.accessRight = String(accessRight ?? one.profile.accessRight);
      one.profile.version += 1;
      res.status(204).end();
    });
    api.post('/trading-accounts/trading-data/open-positions', (req, res) => {
      const found = loginsOf(bodyOf(req, ['logins']));
      const positions = (login: string) => broker.openPositions(login).map((one) => ({ ...trade(one), currentPrice: money(broker.currentPrice(one)) }));
      res.json(found.map(({ login, group }) => ({ login, group, positions: positions(login) })));
    });
    api.post('/trading-accounts/trading-data/closed-positions', (req, res) => {
      const body = bodyOf(req, ['logins', 'from', 'to']);
      const own = new Set(loginsOf(body).map(({ login }) => login));
      const closed = broker.positions.filter((one) => own.has(one.login) && one.closed && within(body, one.closed.at));
      res.json({ closedPositions: closed.map((one) => ({ ...trade(one), closeTime: new Date(one.closed!.at).toISOString(), closePrice: money(broker.currentPrice(one)) })) });
    });
    api.post('/trading-accounts/trading-data/ledgers', (req, res) => {
      const body = bodyOf(req, ['logins', 'types', 'from', 'to', 'limit'], ['logins', 'types']);
      const types = body['types'] as string[];
      assert(Array.isArray(types) && types.every((type) => TYPES.includes(type)), 'Invalid types');
      const typeOf = ({ purse, amount }: { purse: string; amount: Amount }) =>
        purse === 'balance' ? (amount.startsWith('-') ? 'WITHDRAWAL' : 'DEPOSIT') : amount.startsWith('-') ? 'CREDIT_OUT' : 'CREDIT_IN';
      const lines = (login: string) => broker.operations
        .filter((one) => one.login === login && types.includes(typeOf(one)) && within(body, one.at))
        .slice(-Math.min(Number(body['limit'] ?? MOST_LINES), MOST_LINES))
        .map((one) => ({ id: one.ticket, type: typeOf(one), time: new Date(one.at).toISOString(), profit: money(one.amount), comment: one.comment }));
      res.json(loginsOf(body).map(({ login, group }) => ({ login, group, operations: lines(login) })));
    });
    api.post('/trading-accounts/:login/:command', (req, res) => {
      const [purse, sign] = COMMANDS[req.params.command] ?? [];
      if (!purse) throw new Problem(404, 'No such command');
      const one = account(req);
      const body = bodyOf(req, ['amount', 'comment', 'additionalType'], ['amount']);
      const amount = word(objectOf(exactJson((req.body as Buffer).toString('utf8')))['amount']);
      assert(typeof body['amount'] === 'number' && /^\d{1,15}(\.\d+)?$/.test(amount) && isPositive(amount), 'Invalid amount');
      assert(fits(amount, broker.group(one.group)!.decimals), 'Amount has too many decimals');
      assert(ADDITIONAL.includes(String(body['additionalType'] ?? 'NONE')), 'Invalid additionalType');
      const moved = broker.move(one.login, purse, sign === 1 ? amount : negate(amount), String(body['comment'] ?? ''));
      if ('refused' in moved) throw new Problem(422, moved.refused === 'no_money' ? 'Not enough money' : 'Operation was rejected');
      assert(moved.answer, 'Upstream failed', 502);
      res.status(204).end();
    });
    return api;
  }; // prettier-ignore

  return {
    id: 'match-trader',
    defaultConfig: (origin) => ({ url: `${origin}/match-trader`, token: TOKEN, userDomain: 'accounts.example' }),
    mount(desk) {
      broker.now = desk.now;
      const router = Router();
      router.use('/v1', (req, _res, go) => {
        assert(sameText(`Bearer ${TOKEN}`, req.get('authorization') ?? ''), 'Invalid token', 401);
        asked = [...asked.filter((at) => at > desk.now() - 60_000), desk.now()];
        assert(asked.length <= PER_MINUTE, `Limit of ${PER_MINUTE} requests per minute exceeded`, 429);
        go();
      });
      router.use('/v1', routes());
      router.use((error: unknown, req: Request, res: Response, go: NextFunction) => {
        if (!(error instanceof Problem)) return go(error);
        const { status, message: detail } = error;
        const timestamp = new Date(desk.now()).toISOString();
        res.status(status).json({ status, title: TITLES[status], detail, path: req.path, timestamp });
      });
      return router;
    },
    reset,
    ...broker.verbs(),
    advance(login, to) {
      if (broker.advance(login, to)) return;
      if (to !== 'unknown_word' && to !== 'conflict')
        throw new Error('accounts know open_position, close_position, conflict, unknown_word');
      next.set(login, to);
    },
    conformance: {
      calls: {
        createAccount: { method: 'POST', path: '/v1/user-accounts/' },
        getAccount: { method: 'GET', path: '/v1/trading-accounts/' },
        applyBalance: { method: 'POST', path: '/v1/trading-accounts/', body: 'additionalType' },
        findBalanceOperation: { method: 'POST', path: '/v1/trading-accounts/trading-data/ledgers' },
        testConnection: { method: 'GET', path: '/v1/trading-accounts' },
      },
      wrongCredentials: { token: 'not the token' },
      trading: {
        group: 'real-USD',
        otherGroup: 'real-EUR',
        currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        leverage: 100,
        exact: '1234567.12',
        // A thousand lines of the ledger: test/adapters/match-trader.test.ts has more.
        page: null,
      },
    },
  };
};
