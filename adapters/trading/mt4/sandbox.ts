import { Router, type Request, type Response } from 'express';
import { randomBytes, randomUUID } from 'node:crypto';
import { fits, normal, type Amount } from '../../../domain/money.ts';
import { exactJson, jsonNumber, objectOf, word } from '../../kit/json.ts';
import { priceOf, SandboxBroker, SYMBOL, type BrokerAccount, type BrokerPosition } from '../../kit/sandbox-broker.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';

const PLATFORM = '3029d415-d0a6-4710-a9c1-8cb063ef872f';
const CLIENT = { id: 'sandbox-client', secret: 'sandbox-mt4-secret' };
const TOKEN_SECONDS = 3600;
const TEXTS = { name: '', externalId: '', status: '', country: '', city: '', state: '', zipCode: '', address: '', leadSource: '', phone: '', email: '', comment: '' }; // prettier-ignore
const NUMBERS = { agentAccount: 0, interestRate: 0, taxes: 0, enableFlags: 0, sendReports: 0, mqid: 0, userColor: 0 };
const NEW_USER = new Set(['login', 'group', 'leverage', ...Object.keys(TEXTS), ...Object.keys(NUMBERS)]);
const TRANSACTION = new Set('tradeTransactionType tradeCommand tradeRequestFlags expiration order orderBy symbol volume price sl tp ieDeviation comment crc'.split(' ')); // prettier-ignore
const TRANSIENT = ['Busy', 'Timeout', 'NoConnect', 'Internal'];
/** Words of the trade server: they are kept under the key, as every other answer is. */
const SAID_BY_SERVER = ['TooFrequent', 'NotEnoughRights'];
/** The login of an account that is still to be made. */
const NEW = '0';

interface Profile {
  fields: Record<string, string | number>;
  passwords: { main: string; investor: string };
}
type Account = BrokerAccount<Profile>;
/** An application's answer: HTTP 200, `error` or `data`. */
type Outcome =
  | { data: unknown; paging?: object; silent?: boolean }
  | { error: string; managerCode?: string | number; header?: string };
type Body = Record<string, unknown>;
/** Plain JSON for types, exact text for amounts. */
interface Call { args: string[]; query: URLSearchParams; body: unknown; exact: (name: string) => string } // prettier-ignore

const no = (managerCode: string | number): Outcome => ({ error: 'MT4Error', managerCode });
const amount = (value: Amount) => jsonNumber(normal(value));
const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** CPlugin WebAPI v2 in front of one MetaTrader 4 server, and the authority that gives its tokens. */
export const createSandbox = (): SandboxModule => {
  const broker = new SandboxBroker<Profile>({
    groups: {
      'demo-usd': { currency: 'USD', decimals: 2 },
      'real-usd': { currency: 'USD', decimals: 2 },
      'real-eur': { currency: 'EUR', decimals: 2 },
      'real-jpy': { currency: 'JPY', decimals: 2 },
    },
    firstLogin: 500_001,
  });
  const tokens = new Map<string, number>();
  /** By Idempotency-Key; null while the first call is running. */
  const answers = new Map<string, Outcome | null>();
  /** What the next call about a login is answered with. */
  const next = new Map<string, string>();
  let hanging: (() => void)[] = [];

  const userOf = ({ login, group, leverage, balance, credit, openedAt, profile }: Account) => ({
    login: Number(login), group, registrationDate: iso(openedAt), lastDate: iso(openedAt), leverage, lastIP: 0, balance: amount(balance),
    credit: amount(credit), prevMonthBalance: 0, prevBalance: 0, prevMonthEquity: 0, prevEquity: 0, ...profile.fields,
  }); // prettier-ignore
  const tradeOf = (position: BrokerPosition) => ({
    order: Number(position.ticket), login: Number(position.login), symbol: SYMBOL, digits: 5, tradeCommand: position.side === 'buy' ? 'Buy' : 'Sell',
    volume: 100, volumeLots: 1, tradeRecordState: position.closed ? 'ClosedNormal' : 'OpenNormal', openPrice: amount(priceOf(position.points)),
    sl: 0, tp: 0, openTime: iso(position.openedAt), closeTime: iso(position.closed?.at ?? 0), closePrice: amount(broker.currentPrice(position)),
    commission: 0, commissionAgent: 0, storage: 0, profit: amount(broker.profitOf(position)), taxes: 0, magic: 0, comment: '',
    tradeRecordReason: 'Client',
  }); // prettier-ignore
  const balanceOf = ({ ticket, login, purse, amount: profit, comment, at }: (typeof broker.operations)[number]) => ({
    order: Number(ticket), login: Number(login), symbol: '', digits: 5, tradeCommand: purse === 'balance' ? 'Balance' : 'Credit', volume: 0, volumeLots: 0,
    tradeRecordState: 'ClosedNormal', openPrice: 0, openTime: iso(at), closeTime: iso(at), closePrice: 0, commission: 0, storage: 0,
    profit: amount(profit), taxes: 0, comment, tradeRecordReason: 'Dealer',
  }); // prettier-ignore

  const known = (act: (account: Account, call: Call) => Outcome | null) => (call: Call) => {
    const account = broker.accounts.get(call.args[0] ?? '');
    return account ? act(account, call) : { error: 'NotFound' };
  };
  /** What the trade server checks of a user; null: fine. */
  const wrong = (body: Body, current?: Account): Outcome | null => {
    if (body['group'] !== undefined && !broker.group(String(body['group']))) return no('InvalidData');
    const leverage = body['leverage'];
    if (leverage !== undefined && !(Number.isInteger(leverage) && Number(leverage) >= 1 && Number(leverage) <= 1000)) return no('InvalidData');
    if (current && body['group'] !== undefined && body['group'] !== current.group && broker.openPositions(current.login).length > 0) return no('TradeModifyDenied'); // prettier-ignore
    return null;
  }; // prettier-ignore

  const transact = ({ body, exact }: Call, settle: (outcome: Outcome) => void): void => {
    const order = Object(body) as Body;
    const [price, command] = [exact('price'), order['tradeCommand']];
    const bad = Object.keys(order).some((name) => !TRANSACTION.has(name)) || typeof order['price'] !== 'number' || !Number.isInteger(order['orderBy']);
    if (bad || String(order['tradeTransactionType']).toLowerCase() !== 'brbalance') return settle({ error: 'Validation' });
    if (command !== 'Balance' && command !== 'Credit') return settle({ error: 'Validation' });
    const login = exact('orderBy');
    if (!broker.accounts.has(login)) return settle(no('BadAccountInfo'));
    if (!/^-?\d{1,12}(\.\d+)?$/.test(price) || !fits(price, 2) || /^-?0*\.?0*$/.test(price)) return settle(no('InvalidData'));
    const run = () => {
      const moved = broker.move(login, command === 'Balance' ? 'balance' : 'credit', price, String(order['comment'] ?? '').slice(0, 31));
      if ('refused' in moved) return settle(no(moved.refused === 'no_money' ? 'TradeNoMoney' : 'TradeDisable'));
      const data = { ...order, tradeRequestFlags: 'None', order: Number(moved.done.ticket), price: amount(price), crc: 0 };
      settle({ data, silent: !moved.answer });
    };
    if (next.get(login) !== 'hang') return run();
    next.delete(login);
    hanging.push(run);
  }; // prettier-ignore

  const operations: Record<string, (call: Call) => Outcome | null> = {
    'GET ServerTime': () => ({ data: { timestamp: iso(broker.now()) } }),
    'GET GroupRecordGet': ({ args: [group = ''] }) => {
      const found = broker.group(group);
      return found ? { data: { group, enable: 1, defaultLeverage: 100, currency: found.currency } } : { error: 'NotFound' };
    },
    'GET UserRecordRequest': known((account) => ({ data: userOf(account) })),
    'GET UsersRequest': ({ query }) => {
      const [limit, after] = [Number(query.get('limit') ?? 5000), Number(Buffer.from(query.get('cursor') ?? '', 'base64').toString())];
      if (!(limit >= 1 && limit <= 5000) || Number.isNaN(after)) return { error: 'Validation' };
      const rest = [...broker.accounts.values()].filter(({ login }) => Number(login) > after);
      const page = rest.toSorted((a, b) => Number(a.login) - Number(b.login)).slice(0, limit);
      const hasMore = rest.length > page.length;
      return { data: page.map(userOf), paging: { hasMore, nextCursor: hasMore ? Buffer.from(page.at(-1)!.login).toString('base64') : null } };
    },
    'POST UserRecordNew': ({ body }) => {
      const user = Object(body) as Body;
      if (Object.keys(user).some((name) => !NEW_USER.has(name)) || !user['group'] || !user['name']) return { error: 'Validation' };
      const refused = wrong({ leverage: 0, ...user });
      if (refused) return refused;
      const { login: _login, group, leverage, ...fields } = user as { login?: number; group: string; leverage: number };
      const profile = { fields: { ...TEXTS, ...NUMBERS, ...fields }, passwords: { main: '', investor: '' } };
      return { data: userOf(broker.open(group, leverage, profile)) };
    },
    'PATCH UserRecord': known((account, { body }) => {
      const patch = Object(body) as Body;
      const refused = wrong(patch, account);
      if (refused) return refused;
      for (const [name, value] of Object.entries(patch)) {
        if (name === 'group') account.group = String(value);
        else if (name === 'leverage') account.leverage = Number(value);
        else if (name in TEXTS || name in NUMBERS) account.profile.fields[name] = value as string | number;
      }
      return { data: userOf(account) };
    }),
    'POST UserPasswordSet': known(({ profile }, { body, query }) => {
      if (typeof body !== 'string') return { error: 'Validation' };
      if (body.length < 5 || body.length > 15 || !/\d/.test(body) || !/\p{L}/u.test(body)) return no('InvalidData');
      profile.passwords[query.get('changeInvestor') === 'true' ? 'investor' : 'main'] = body;
      return { data: true };
    }),
    'POST UserPasswordCheck': known(({ profile }, { body }) => {
      const right = body !== '' && (body === profile.passwords.main || body === profile.passwords.investor);
      return right ? { data: true } : no('BadAccountInfo');
    }),
    'GET MarginLevelRequest': known(({ login, group, leverage }) => {
      const { balance, equity, margin, freeMargin, level } = broker.state(login);
      const open = broker.openPositions(login).length;
      if (open === 0) return { error: 'NotFound' };
      const money = { balance: amount(balance), equity: amount(equity), margin: amount(margin), free: amount(freeMargin), level: amount(level) };
      return { data: { login: Number(login), group, leverage, volume: open * 100, ...money, controllingType: 'Percent', levelType: 'Ok' } };
    }),
    'GET TradesGetByLogin': ({ args: [login = '', group] }) => ({
      data: broker.accounts.get(login)?.group === group ? broker.openPositions(login).map(tradeOf) : [],
    }),
    'GET TradesUserHistory': ({ args: [login], query }) => {
      const [from, to] = [Date.parse(query.get('fromTime') ?? iso(0)), Date.parse(query.get('toTime') ?? '2999-01-01')];
      if (Number.isNaN(from) || Number.isNaN(to)) return { error: 'Validation' };
      const closed = broker.positions.filter((position) => position.closed).map(tradeOf);
      const all = [...broker.operations.map(balanceOf), ...closed].filter((trade) => String(trade.login) === login);
      return { data: all.filter(({ closeTime }) => Date.parse(closeTime) >= from && Date.parse(closeTime) <= to) };
    },
  }; // prettier-ignore

  const envelope = (res: Response, outcome: Outcome) => {
    const activityId = randomBytes(16).toString('hex');
    if ('error' in outcome) {
      if (outcome.header) res.setHeader('x-request-outcome', outcome.header);
      const { error: code, managerCode = null } = outcome;
      res.json({ data: null, error: { code, managerCode, message: `${code} ${managerCode ?? ''}`.trim() }, meta: { activityId } });
    } else if (!outcome.silent) res.json({ data: outcome.data, error: null, meta: { activityId, ...(outcome.paging && { paging: outcome.paging }) } });
  }; // prettier-ignore

  const serve = (req: Request, res: Response): void => {
    const [platform, operation = '', ...args] = req.path.split('/').slice(1).map(decodeURIComponent);
    if (platform !== PLATFORM) return envelope(res, { error: 'Forbidden' });
    const what = `${req.method} ${operation}`;
    const run = operations[what];
    if (!run && what !== 'POST TradeTransaction') return void res.status(404).end();
    const raw = (req.body as Buffer).toString('utf8');
    if (req.method !== 'GET' && !/^application\/(json|json-patch\+json)(;|$)/.test(req.get('content-type') ?? '')) return void res.status(415).end();
    let call: Call;
    try {
      const exact = raw ? objectOf(exactJson(raw)) : {};
      const query = new URL(req.url, 'http://sandbox').searchParams;
      call = { args, query, body: raw ? JSON.parse(raw) : undefined, exact: (name) => word(exact[name]) };
    } catch {
      return void res.status(400).json({ title: 'One or more validation errors occurred.', status: 400 });
    }
    const key = req.method === 'GET' ? undefined : req.get('idempotency-key');
    if (key !== undefined && (key === '' || key.length > 255)) return envelope(res, { error: 'Validation' });
    const first = key === undefined ? undefined : answers.get(key);
    if (first === null) return envelope(res, { error: 'OutcomeUnknown', header: 'in-progress' });
    if (first) return envelope(res, { ...first, silent: false });
    const settle = (outcome: Outcome) => {
      // Answers that pass are not kept: the same key may be tried again.
      if (key !== undefined && 'error' in outcome && TRANSIENT.includes(outcome.error)) answers.delete(key);
      else if (key !== undefined) answers.set(key, outcome);
      envelope(res, outcome);
    };
    if (key !== undefined) answers.set(key, null);
    const login = args[0] ?? (call.exact('orderBy') || call.exact('login'));
    const said = next.get(login);
    if (said && said !== 'hang') {
      next.delete(login);
      if (SAID_BY_SERVER.includes(said)) return settle(no(said));
      return settle(said === 'unknown_word' ? no(777) : { error: said, ...(said === 'Busy' && { header: 'not-started' }) });
    }
    if (run) settle(run(call)!);
    else transact(call, settle);
  }; // prettier-ignore

  const token = (req: Request, res: Response) => {
    const form = new URLSearchParams((req.body as Buffer).toString('utf8'));
    if (!req.is('application/x-www-form-urlencoded') || form.get('grant_type') !== 'client_credentials')
      return void res.status(400).json({ error: 'unsupported_grant_type' });
    if (form.get('client_id') !== CLIENT.id || form.get('client_secret') !== CLIENT.secret)
      return void res.status(400).json({ error: 'invalid_client' });
    const access = randomUUID();
    tokens.set(access, broker.now() + TOKEN_SECONDS * 1000);
    res.json({ access_token: access, expires_in: TOKEN_SECONDS, token_type: 'Bearer' });
  };
  const signedIn = (req: Request) =>
    (tokens.get((req.get('authorization') ?? '').replace(/^Bearer /, '')) ?? 0) > broker.now();

  return {
    id: 'mt4',
    defaultConfig: (origin) => ({
      url: `${origin}/mt4`,
      authority: `${origin}/mt4/auth`,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      tradePlatform: PLATFORM,
    }),
    mount(desk) {
      broker.now = desk.now;
      const router = Router();
      router.get('/auth/.well-known/openid-configuration', (req, res) => {
        const issuer = `${req.protocol}://${req.get('host')}${req.baseUrl}/auth`;
        res.json({ issuer, token_endpoint: `${issuer}/connect/token` });
      });
      router.post('/auth/connect/token', token);
      router.use('/api', (req, res, go) => (signedIn(req) ? go() : void res.status(401).end()));
      router.use('/api/v2/MT4', serve);
      return router;
    },
    reset() {
      broker.reset();
      for (const kept of [tokens, answers, next]) kept.clear();
      hanging = [];
    },
    ...broker.verbs(),
    advance(login, to) {
      if (login !== NEW && broker.advance(login, to)) return;
      if (to === 'finish') for (const run of hanging.splice(0)) run();
      else if (to === 'sign_out') tokens.clear();
      else if (['unknown_word', 'hang', ...TRANSIENT, ...SAID_BY_SERVER].includes(to)) next.set(login, to);
      else
        throw new Error(
          `accounts know open_position, close_position, unknown_word, hang, finish, sign_out, ${[...TRANSIENT, ...SAID_BY_SERVER].join(', ')}`,
        );
    },
    conformance: {
      calls: {
        createAccount: { method: 'POST', path: `/api/v2/MT4/${PLATFORM}/UserRecordNew` },
        getAccount: { method: 'GET', path: `/api/v2/MT4/${PLATFORM}/UserRecordRequest` },
        applyBalance: { method: 'POST', path: `/api/v2/MT4/${PLATFORM}/TradeTransaction` },
        findBalanceOperation: { method: 'GET', path: `/api/v2/MT4/${PLATFORM}/TradesUserHistory` },
        testConnection: { method: 'GET', path: `/api/v2/MT4/${PLATFORM}/ServerTime` },
      },
      wrongCredentials: { clientSecret: 'not the secret' },
      trading: {
        group: 'real-usd',
        otherGroup: 'real-eur',
        currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        leverage: 100,
        exact: '1234567.12',
        page: null,
      },
    },
  };
};
