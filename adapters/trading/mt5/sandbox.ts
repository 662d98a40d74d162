import { Router, type Request } from 'express';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { compare, fits, fixed, isZero, type Amount } from '../../../domain/money.ts';
import {
  priceOf,
  SandboxBroker,
  SYMBOL,
  type BrokerAccount,
  type BrokerOperation,
  type BrokerPosition,
} from '../../kit/sandbox-broker.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { challengeAnswer } from './client.ts';

type Fields = Record<string, string>;
type Answer = { retcode: number; answer?: unknown; beside?: object; silent?: boolean };

interface Profile {
  rights: string;
  texts: Fields;
  passwords: Fields;
  /** The server keeps live state only for accounts with trade activity. */
  active: boolean;
  /** The next answer about it carries a code nobody documented. */
  strange: boolean;
}
type Account = BrokerAccount<Profile>;

/** `accountant`: may create accounts and move money. */
const MANAGERS: Record<string, { password: string; accountant: boolean }> = {
  '1003': { password: 'Manager#Pass1', accountant: true },
  '1004': { password: 'Reader#Pass1', accountant: false },
};
const NEEDS_RIGHT = /^\/(trade\/balance|user\/(add|update|change_password|restore|archive\/add))$/;
const SIGN_IN_WITHIN_MS = 10_000;
const IDLE_MS = 180_000;
const PAGE = 100;
const UNDOCUMENTED = 99_999;
const BALANCE_COMMENT = 31;
/** Deals carry the server's time as if it were UTC; this server lives at UTC+3, as many do. */
const AHEAD_MS = 3 * 3_600_000;
const MAX_AMOUNT = '1000000000';
/** Usable lengths: the vendor's minus the terminator. The rest is cut without a word. */
const TEXTS: Record<string, number> = {
  Name: 127, Company: 63, Address: 127, Comment: 63, Country: 31, Language: 31, City: 31, State: 31, ZIPCode: 15, Phone: 31, Email: 63, ID: 31,
  Status: 15,
}; // prettier-ignore
const ZEROS = 'CertSerialNumber MQID LastAccess LastPassChange Color Agent InterestRate BalancePrevDay BalancePrevMonth EquityPrevDay EquityPrevMonth LimitOrders LimitPositions'.split(' '); // prettier-ignore
/** Texts are ours; real ones vary between builds and nobody may rely on them. */
const WORDS: Record<number, string> = { 0: 'Done', 3: 'Invalid parameters', 8: 'Not enough permissions', 9: 'Timeout', 13: 'Not found', 14: 'Partial', 1001: 'Invalid account', 3006: 'Invalid password', 10006: 'Request rejected', 10019: 'No money' }; // prettier-ignore

/** One physical connection: the session lives and dies with it. */
interface Session {
  manager: string | null;
  challenge: { manager: string; random: string; at: number } | null;
  seenAt: number;
}

/** By the body's PascalCase name; the query has lower-case names. The body wins. '' when absent. */
type Params = (name: string) => string;

const done = (answer?: unknown): Answer => ({ retcode: 0, answer });
const no = (retcode: number): Answer => ({ retcode });
const isLeverage = (text: string) => /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 500;
const isStrong = (password: string) => password.length >= 8 && password.length <= 16 && [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].every((kind) => kind.test(password)); // prettier-ignore
const seconds = (ms: number) => String(Math.floor(ms / 1000));

/** MetaTrader 5 access server, Web API in its REST form. */
export const createSandbox = (): SandboxModule => {
  const usd = { currency: 'USD', decimals: 2 };
  const broker = new SandboxBroker<Profile>({
    groups: {
      'demo\\forex-usd': usd,
      'real\\forex-usd': usd,
      'real\\forex-eur': { currency: 'EUR', decimals: 2 },
      'real\\forex-gbp': { currency: 'GBP', decimals: 2 },
      'real\\forex-jpy': { currency: 'JPY', decimals: 0 },
      'real\\crypto-btc': { currency: 'BTC', decimals: 8 },
      'real\\crypto-usdt': { currency: 'USDT', decimals: 6 },
    },
    firstLogin: 700_001,
  });
  const sessions = new Map<Socket, Session>();
  /** Of balance operations: what the broker does not keep. */
  const actions = new Map<string, string>();

  const money = ({ group }: Account) => {
    const { decimals } = broker.group(group)!;
    return (amount: Amount) => fixed(amount, decimals);
  };
  const userOf = (account: Account): Fields => ({
    Login: account.login, Group: account.group, Rights: account.profile.rights, Leverage: String(account.leverage), Registration: seconds(account.openedAt),
    Balance: money(account)(account.balance), Credit: money(account)(account.credit), LastIP: '', Account: '',
    ...Object.fromEntries(ZEROS.map((name) => [name, '0'])), ...account.profile.texts,
  }); // prettier-ignore
  const timesOf = (at: number, prefix = 'Time'): Fields => ({
    [prefix]: seconds(at + AHEAD_MS),
    [`${prefix}Msc`]: String(at + AHEAD_MS),
  });
  const lot = (name: string, lots: 0 | 1): Fields => ({
    [name]: String(lots * 10_000),
    [`${name}Ext`]: String(lots * 100_000_000),
  });
  const deal = (ticket: string, login: string, at: number, fields: Fields): Fields => ({
    Deal: ticket, ExternalID: '', Login: login, Dealer: '0', Order: '0', Action: '0', Entry: '0', Reason: '0', Digits: '5', DigitsCurrency: '2', ContractSize: '100000.00',
    ...timesOf(at), Symbol: SYMBOL, Price: '0', ...lot('Volume', 1), ...lot('VolumeClosed', 0), Profit: '0.00', Storage: '0.00', Commission: '0.00', Fee: '0.00',
    PricePosition: '0', ExpertID: '0', PositionID: '0', Comment: '', ...fields,
  }); // prettier-ignore
  const tradesOf = (position: BrokerPosition, amount: (amount: Amount) => string) => {
    const { ticket, login, side, openedAt, points, closed } = position;
    const [way, back] = side === 'buy' ? (['0', '1'] as const) : (['1', '0'] as const);
    const closing = { Action: back, Entry: '1', PositionID: ticket, PricePosition: priceOf(points), ...lot('VolumeClosed', 1) };
    const result = { Price: broker.currentPrice(position), Profit: amount(broker.profitOf(position)) };
    return [
      deal(ticket, login, openedAt, { Action: way, Order: ticket, PositionID: ticket, Price: priceOf(points) }),
      ...(closed ? [deal(closed.ticket, login, closed.at, { ...closing, ...result })] : []),
    ];
  }; // prettier-ignore
  const operationOf = ({ ticket, login, amount: size, comment, at }: BrokerOperation, amount: (amount: Amount) => string) =>
    deal(ticket, login, at, { Action: actions.get(ticket)!, Reason: '2', Symbol: '', ...lot('Volume', 0), Profit: amount(size), Comment: comment }); // prettier-ignore
  const dealsOf = (account: Account, p: Params) => {
    const own = <T extends { login: string }>(all: T[]) => all.filter(({ login }) => login === account.login);
    const operations = own(broker.operations).map((one) => operationOf(one, money(account)));
    return [...operations, ...own(broker.positions).flatMap((one) => tradesOf(one, money(account)))]
      .filter(({ Time }) => Number(Time) >= Number(p('From')) && Number(Time) <= Number(p('To')))
      .toSorted((a, b) => Number(a['TimeMsc']) - Number(b['TimeMsc']));
  };
  const positionsOf = (account: Account) =>
    broker.openPositions(account.login).map((position) => ({
      Position: position.ticket, ExternalID: '', Login: account.login, Symbol: SYMBOL, Action: position.side === 'buy' ? '0' : '1', Digits: '5',
      ...timesOf(position.openedAt, 'TimeCreate'), PriceOpen: priceOf(position.points), PriceCurrent: broker.currentPrice(position), ...lot('Volume', 1),
      Profit: money(account)(broker.profitOf(position)), Storage: '0.00', Comment: '',
    })); // prettier-ignore

  const known = (act: (account: Account, p: Params) => Answer) => (p: Params): Answer => {
    const account = broker.accounts.get(p('Login'));
    if (!account) return no(13);
    if (!account.profile.strange) return act(account, p);
    account.profile.strange = false;
    return no(UNDOCUMENTED);
  }; // prettier-ignore
  const archived = (act: (account: Account) => Answer) => (p: Params) => {
    const account = broker.archived.get(p('Login'));
    return account ? act(account) : no(13);
  };
  const paged = (list: (account: Account, p: Params) => unknown[]) => ({
    total: known((account, p) => done({ Total: String(list(account, p).length) })),
    page: known((account, p) => done(list(account, p).slice(Number(p('Offset')), Number(p('Offset')) + Math.min(Number(p('Total')), PAGE)))),
  }); // prettier-ignore
  const [deals, positions] = [paged(dealsOf), paged(positionsOf)];
  const texts = (p: Params, old: Fields = {}): Fields =>
    Object.fromEntries(Object.entries(TEXTS).map(([name, length]) => [name, (p(name) || old[name] || '').slice(0, length)])); // prettier-ignore

  const addUser = (p: Params): Answer => {
    const passwords = { main: p('PassMain'), investor: p('PassInvestor'), api: '' };
    if (!p('Name') || !isLeverage(p('Leverage')) || !/^\d*$/.test(p('Login'))) return no(3);
    if (!broker.group(p('Group'))) return no(8);
    if (!isStrong(passwords.main) || !isStrong(passwords.investor)) return no(3006);
    // This server gives logins itself.
    if (Number(p('Login')) > 0) return no(broker.accounts.has(p('Login')) ? 3004 : 3003);
    const rights = /^\d+$/.test(p('Rights')) ? p('Rights') : '355';
    const profile = { rights, texts: texts(p), passwords, active: false, strange: false };
    return done(userOf(broker.open(p('Group'), Number(p('Leverage')), profile)));
  };
  /** Bad values are ignored without a word, as the vendor does; only another currency is refused. */
  const updateUser = (account: Account, p: Params): Answer => {
    const group = broker.group(p('Group'));
    if (group && group.currency !== broker.group(account.group)!.currency) return no(3010);
    if (group && p('Group') !== account.group && broker.openPositions(account.login).length > 0) return no(3008);
    if (group) account.group = p('Group');
    if (isLeverage(p('Leverage'))) account.leverage = Number(p('Leverage'));
    if (/^\d{1,18}$/.test(p('Rights'))) account.profile.rights = p('Rights');
    account.profile.texts = texts(p, account.profile.texts);
    return done(userOf(account));
  };
  const stateOf = (account: Account): Answer => {
    if (!account.profile.active) return no(13);
    const [amount, state] = [money(account), broker.state(account.login)];
    return done({
      Login: account.login, CurrencyDigits: String(broker.group(account.group)!.decimals), Balance: amount(state.balance), Credit: amount(state.credit),
      Margin: amount(state.margin), MarginFree: amount(state.freeMargin), MarginLevel: fixed(state.level, 2), MarginLeverage: String(account.leverage),
      Profit: amount(state.profit), Storage: amount('0'), Floating: amount(state.profit), Equity: amount(state.equity), SOActivation: '0',
    }); // prettier-ignore
  };
  const balance = (account: Account, p: Params): Answer => {
    const [type, amount] = [p('Type'), p('Balance')];
    if (!/^[2-6]$/.test(type) || !/^-?\d{1,18}(\.\d{1,18})?$/.test(amount)) return no(3);
    if (!fits(amount, broker.group(account.group)!.decimals) || isZero(amount)) return no(3);
    if (compare(amount.replace('-', ''), MAX_AMOUNT) > 0) return no(4005);
    const purse = type === '3' || type === '6' ? 'credit' : 'balance';
    const moved = broker.move(account.login, purse, amount, p('Comment').slice(0, BALANCE_COMMENT));
    if ('refused' in moved) return no(moved.refused === 'no_money' ? 10019 : 10006);
    actions.set(moved.done.ticket, type);
    return { ...done({ Ticket: moved.done.ticket }), silent: !moved.answer };
  };

  const commands: Record<string, (p: Params) => Answer> = {
    '/test/access': () => done(),
    '/quit': () => done(),
    '/time/server': () => {
      const text = new Date(broker.now() + AHEAD_MS).toISOString().slice(0, 19).replaceAll('-', '.').replace('T', ' ');
      return done({ Time: `${seconds(broker.now() + AHEAD_MS)} ${text}` });
    },
    '/group/get': (p) => {
      const group = broker.group(p('Group'));
      return group ? done({ Group: p('Group'), PermissionsFlags: '2', Currency: group.currency, CurrencyDigits: String(group.decimals) }) : no(13);
    },
    '/user/add': addUser,
    '/user/update': known(updateUser),
    '/user/get': known((account) => done(userOf(account))),
    '/user/get_batch': (p) => {
      const logins = p('Login').split(',');
      const found = logins.flatMap((login) => broker.accounts.get(login) ?? []);
      return { retcode: found.length < logins.length ? 14 : 0, answer: found.map(userOf) };
    },
    '/user/logins': (p) => done([...broker.accounts.values()].filter(({ group }) => group === p('Group')).map(({ login }) => login)),
    '/user/check_password': known(({ profile }, p) => (p('Password') && profile.passwords[p('Type')] === p('Password') ? done() : no(3006))),
    '/user/change_password': known(({ profile: { passwords } }, p) => {
      if (!(p('Type') in passwords)) return no(3);
      if (!isStrong(p('Password'))) return no(3006);
      passwords[p('Type')] = p('Password');
      return done();
    }),
    '/user/account/get': known(stateOf),
    '/user/archive/add': known(({ login }) => {
      if (broker.openPositions(login).length > 0) return no(3008);
      broker.archive(login);
      return done();
    }),
    '/user/archive/get': archived((account) => done(userOf(account))),
    '/user/restore': (p) => broker.accounts.has(p('Login')) ? no(3004) : archived((account) => {
      // Restored is what the body describes; a part of it only would lose the rest.
      if (p('Group') !== account.group || p('Registration') !== seconds(account.openedAt)) return no(3);
      broker.restore(account.login);
      return done(userOf(account));
    })(p),
    '/trade/balance': known(balance),
    '/deal/get_total': deals.total,
    '/deal/get_page': deals.page,
    '/position/get_total': positions.total,
    '/position/get_page': positions.page,
  }; // prettier-ignore

  /** First half: a challenge. Version below 484 is too old, any type but manager is foreign here. */
  const authStart = (p: Params, session: Session): Answer => {
    if (Number(p('Version')) < 484) return no(1010);
    if (p('Type') !== 'manager') return no(1000);
    session.manager = null;
    session.challenge = { manager: p('Login'), random: randomBytes(16).toString('hex'), at: broker.now() };
    return { retcode: 0, beside: { version_access: '4040', srv_rand: session.challenge.random } };
  };
  const authAnswer = (p: Params, session: Session): Answer => {
    const { challenge } = session;
    session.challenge = null;
    if (!challenge) return no(8);
    if (broker.now() - challenge.at > SIGN_IN_WITHIN_MS) return no(9);
    const manager = MANAGERS[challenge.manager];
    if (!manager || challengeAnswer(manager.password, challenge.random) !== p('srv_rand_answer')) return no(1001);
    session.manager = challenge.manager;
    const proof = challengeAnswer(manager.password, p('cli_rand'));
    return { retcode: 0, beside: { version_access: '4040', version_trade: '4040', cli_rand_answer: proof } };
  };
  const dispatch = (path: string, p: Params, session: Session): Answer => {
    if (path === '/auth/start') return authStart(p, session);
    if (path === '/auth/answer') return authAnswer(p, session);
    // What a real server answers without a session is unverified; a permission code is the likely one.
    if (session.manager === null) return no(8);
    if (!commands[path]) return no(12_000);
    if (NEEDS_RIGHT.test(path) && !MANAGERS[session.manager]?.accountant) return no(8);
    return commands[path](p);
  };
  const sessionOn = (socket: Socket): Session => {
    const session = sessions.get(socket) ?? { manager: null, challenge: null, seenAt: 0 };
    if (!sessions.has(socket)) socket.once('close', () => sessions.delete(socket));
    sessions.set(socket, session);
    session.seenAt = broker.now();
    return session;
  };

  return {
    id: 'mt5',
    defaultConfig: (origin) => ({ url: `${origin}/mt5`, managerLogin: '1003', managerPassword: 'Manager#Pass1' }),
    mount(desk) {
      broker.now = desk.now;
      const router = Router();
      router.use('/api', (req, res) => {
        const params = paramsOf(req);
        const session = sessionOn(req.socket);
        const { retcode, answer, beside, silent } = params ? dispatch(req.path, params, session) : no(3);
        if (silent) return; // committed, and the answer gets lost
        if (req.path === '/quit') res.setHeader('connection', 'close');
        res.json({ retcode: `${retcode} ${WORDS[retcode] ?? 'Error'}`, ...beside, ...(answer !== undefined && { answer }) });
      }); // prettier-ignore
      return router;
    },
    // Sessions outlive it: they belong to sockets, not to the books.
    reset() {
      broker.reset();
      actions.clear();
    },
    ...broker.verbs(),
    /** 'idle': as after a restart of the server, which then keeps no live state. */
    advance(login, to) {
      const changes = broker.advance(login, to) ? { active: true } : to === 'idle' ? { active: false } : { strange: true };
      if ('strange' in changes && to !== 'unknown_word')
        throw new Error('accounts know open_position, close_position, idle, unknown_word');
      Object.assign(broker.accounts.get(login)!.profile, changes);
    }, // prettier-ignore
    conformance: {
      calls: {
        createAccount: { method: 'POST', path: '/api/user/add' },
        getAccount: { method: 'GET', path: '/api/user/get' },
        applyBalance: { method: 'POST', path: '/api/trade/balance' },
        findBalanceOperation: { method: 'GET', path: '/api/deal/get_total' },
        testConnection: { method: 'GET', path: '/api/test/access' },
      },
      wrongCredentials: { managerPassword: 'Wrong#Pass1' },
      trading: {
        group: 'real\\forex-usd',
        otherGroup: 'real\\forex-eur',
        currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        leverage: 100,
        exact: '1234567.89',
        page: PAGE,
      },
    },
    tick(now) {
      for (const [socket, { seenAt }] of sessions) if (now - seenAt > IDLE_MS) socket.destroy();
    },
  };
};

const QUERY_NAMES: Record<string, string> = { PassMain: 'pass_main', PassInvestor: 'pass_investor' };

/** Query and JSON body (under whatever content type); null when the body is no JSON object. */
const paramsOf = (req: Request): Params | null => {
  const query = new URL(req.url, 'http://sandbox').searchParams;
  const raw = (req.body as Buffer).toString('utf8');
  let body: Record<string, unknown> = {};
  try {
    if (raw !== '') body = Object(JSON.parse(raw));
  } catch {
    return null;
  }
  return (name) => {
    const inBody = body[name];
    if (typeof inBody === 'string' || typeof inBody === 'number') return String(inBody);
    return query.get(QUERY_NAMES[name] ?? name.toLowerCase()) ?? '';
  };
};
