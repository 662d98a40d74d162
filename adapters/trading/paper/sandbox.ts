import { Router, type Request } from 'express';
import { fits, isPositive, negate } from '../../../domain/money.ts';
import { priceOf, SandboxBroker, SYMBOL, type BrokerAccount, type BrokerOperation } from '../../kit/sandbox-broker.ts';
import { answerRefusals, demand, jsonBody } from '../../kit/sandbox-json.ts';
import { Refusal } from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { hash, sameText } from '../../kit/signing.ts';

interface Profile {
  reference: string;
  name: string;
  access: string;
  /** Hashes: not even a demo platform keeps passwords. */
  passwords: Record<string, string>;
  /** The next call about it is answered with a code nobody documented. */
  strange: boolean;
}
type Account = BrokerAccount<Profile>;

const API_KEY = 'sandbox-paper-key';
const PAGE = 100;
const ACCESS = ['full', 'close_only', 'read_only', 'disabled'];
/** Purse and direction of each kind. */
const KINDS: Record<string, readonly ['balance' | 'credit', sign: 1 | -1]> = {
  deposit: ['balance', 1],
  withdraw: ['balance', -1],
  correction: ['balance', 1],
  credit_in: ['credit', 1],
  credit_out: ['credit', -1],
  bonus: ['credit', 1],
};

const iso = (ms: number) => new Date(ms).toISOString();
const isLeverage = (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1000;
const digest = (login: string, password: unknown) => hash('sha256', `${login}:${String(password)}`);
const strong = (password: unknown) =>
  demand(typeof password === 'string' && password.length >= 8, 'WEAK_PASSWORD', 'eight characters at least');

/** The paper platform: accounts, money and positions against a price feed. See the README for its contract. */
export const createSandbox = (): SandboxModule => {
  const broker = new SandboxBroker<Profile>({
    groups: {
      'paper-usd': { currency: 'USD', decimals: 2 },
      'paper-eur': { currency: 'EUR', decimals: 2 },
      'paper-jpy': { currency: 'JPY', decimals: 0 },
      'paper-btc': { currency: 'BTC', decimals: 8 },
    },
    firstLogin: 100_001,
  });
  /** By reference and by key: what was ordered, and what came of it. */
  const accounts = new Map<string, { order: string; login: string }>();
  const operations = new Map<string, { order: string; kind: string; text: string; operation: BrokerOperation }>();

  const shown = ({ login, group, leverage, openedAt, profile: { reference, name, access } }: Account) => {
    const { level: marginLevel, ...state } = broker.state(login);
    const { currency } = broker.group(group)!;
    return {
      login,
      reference,
      name,
      group,
      currency,
      leverage,
      access,
      ...state,
      marginLevel,
      openedAt: iso(openedAt),
    };
  };
  const shownOperation = (key: string) => {
    const { kind, text, operation: { login, ticket, amount, at } } = operations.get(key)!;
    return { key, login, ticket, kind, amount: amount.replace('-', ''), text, at: iso(at) };
  }; // prettier-ignore
  const positionsOf = ({ login }: Account) =>
    broker.openPositions(login).map((one) => ({
      ticket: one.ticket, symbol: SYMBOL, side: one.side, lots: '1', openPrice: priceOf(one.points), price: broker.currentPrice(one),
      profit: broker.profitOf(one), openedAt: iso(one.openedAt),
    })); // prettier-ignore

  const account = (req: Request): Account => {
    const found = broker.accounts.get(String(req.params['login']));
    if (!found) throw new Refusal(404, 'ACCOUNT_NOT_FOUND', 'no such account');
    const { strange } = found.profile;
    found.profile.strange = false;
    demand(!strange, 'SOMETHING_NEW', 'a code nobody documented');
    return found;
  };
  const kindOf = (req: Request): string => {
    const kind = String(req.params['kind']);
    demand(kind === 'main' || kind === 'investor', 'INVALID', 'passwords are main or investor', 404);
    return kind;
  };
  const within = (req: Request, at: number) => {
    const { from = iso(0), to = iso(8e15) } = req.query as Record<string, string>;
    return at >= Date.parse(from) && at < Date.parse(to);
  };
  /** Numbers only grow, so a page ends with the last one it gave. */
  const page = <T extends { ticket: string }>(req: Request, all: T[]) => {
    const rest = all.filter(({ ticket }) => Number(ticket) > Number(req.query['after'] ?? 0));
    const items = rest.slice(0, PAGE);
    return { items, next: rest.length > PAGE ? items.at(-1)!.ticket : null };
  };

  const api = Router();
  api.get('/groups', (_req, res) => {
    res.json({ items: broker.groupNames().map((name) => ({ name, ...broker.group(name) })) });
  });
  api.get('/price', (_req, res) => {
    res.json({ symbol: SYMBOL, price: broker.price(), at: iso(broker.now()) });
  });

  api.post('/accounts', (req, res) => {
    const body = jsonBody(req, ['reference', 'group', 'currency', 'leverage', 'name', 'passwords']);
    const reference = String(body['reference']);
    // Whoever asks again may have made up new passwords: the first stay.
    const order = JSON.stringify({ ...body, passwords: null });
    const first = accounts.get(reference);
    demand(!first || first.order === order, 'KEY_TAKEN', 'another account has this reference', 409);
    const group = broker.group(String(body['group']));
    demand(group, 'GROUP_NOT_FOUND', 'no such group', 404);
    demand(group!.currency === body['currency'], 'OTHER_CURRENCY', `the group is kept in ${group!.currency}`);
    demand(isLeverage(body['leverage']) && body['name'] && reference, 'INVALID', 'leverage, name or reference');
    const passwords = Object(body['passwords']) as Record<string, unknown>;
    for (const kind of ['main', 'investor']) strong(passwords[kind]);
    const profile: Profile = { reference, name: String(body['name']), access: 'full', passwords: {}, strange: false };
    const made = first ? broker.accounts.get(first.login) : broker.open(String(body['group']), Number(body['leverage']), profile);
    if (!made) throw new Refusal(404, 'ACCOUNT_NOT_FOUND', 'it was put away');
    if (!first) for (const kind of ['main', 'investor']) profile.passwords[kind] = digest(made.login, passwords[kind]);
    accounts.set(reference, { order, login: made.login });
    res.status(first ? 200 : 201).json(shown(made));
  }); // prettier-ignore
  api.get('/accounts', (req, res) => {
    const login = accounts.get(String(req.query['reference']))?.login ?? '';
    res.json({ items: [broker.accounts.get(login)].flatMap((one) => (one ? shown(one) : [])) });
  });
  api.get('/accounts/:login', (req, res) => res.json(shown(account(req))));
  api.patch('/accounts/:login', (req, res) => {
    const one = account(req);
    const { group = one.group, leverage = one.leverage, access = one.profile.access } = jsonBody(req, ['group', 'leverage', 'access'], []);
    const other = broker.group(String(group));
    demand(other, 'GROUP_NOT_FOUND', 'no such group', 404);
    demand(other!.currency === broker.group(one.group)!.currency, 'OTHER_CURRENCY', `the group is kept in ${other!.currency}`);
    demand(isLeverage(leverage) && ACCESS.includes(String(access)), 'INVALID', 'leverage or access');
    Object.assign(one, { group, leverage });
    one.profile.access = String(access);
    res.json(shown(one));
  }); // prettier-ignore
  api.post('/accounts/:login/archive', (req, res) => {
    if (!broker.archived.has(req.params.login)) {
      const { login } = account(req);
      demand(broker.openPositions(login).length === 0, 'OPEN_POSITIONS', 'close them first');
      broker.archive(login);
    }
    res.status(204).end();
  });
  api.post('/accounts/:login/restore', (req, res) => {
    if (broker.archived.has(req.params.login)) broker.restore(req.params.login);
    else account(req);
    res.status(204).end();
  });
  api.put('/accounts/:login/passwords/:kind', (req, res) => {
    const [{ login, profile }, { password }] = [account(req), jsonBody(req, ['password'])];
    strong(password);
    profile.passwords[kindOf(req)] = digest(login, password);
    res.status(204).end();
  });
  api.post('/accounts/:login/passwords/:kind/check', (req, res) => {
    const [{ login, profile }, { password }] = [account(req), jsonBody(req, ['password'])];
    res.json({ right: profile.passwords[kindOf(req)] === digest(login, password) });
  });

  api.put('/operations/:key', (req, res) => {
    const body = jsonBody(req, ['login', 'kind', 'amount', 'currency', 'text'], ['login', 'kind', 'amount', 'currency']);
    const [{ key }, order, first] = [req.params, JSON.stringify(body), operations.get(req.params.key)];
    demand(/^[\w-]{1,64}$/.test(key), 'INVALID', 'the key has letters and digits');
    demand(!first || first.order === order, 'KEY_TAKEN', 'another operation has this key', 409);
    if (first) return void res.json(shownOperation(key));
    const [login, kind, amount] = [String(body['login']), String(body['kind']), String(body['amount'])];
    const { currency, decimals } = broker.group(broker.accounts.get(login)?.group ?? '') ?? {};
    demand(currency, 'ACCOUNT_NOT_FOUND', 'no such account', 404);
    demand(currency === body['currency'], 'OTHER_CURRENCY', `the account is kept in ${currency}`);
    demand(typeof body['amount'] === 'string' && /^\d{1,15}(\.\d{1,18})?$/.test(amount), 'INVALID', 'amount must be a decimal text');
    demand(isPositive(amount) && fits(amount, decimals!) && KINDS[kind], 'INVALID', 'amount or kind');
    const [purse, sign] = KINDS[kind]!;
    const text = String(body['text'] ?? '');
    const moved = broker.move(login, purse, sign === 1 ? amount : negate(amount), `${key} ${text}`);
    if ('refused' in moved) throw new Refusal(422, moved.refused === 'no_money' ? 'NO_MONEY' : 'DECLINED', '');
    operations.set(key, { order, kind, text, operation: moved.done });
    if (moved.answer) res.status(201).json(shownOperation(key));
  }); // prettier-ignore
  api.get('/operations/:key', (req, res) => {
    demand(operations.has(req.params.key), 'OPERATION_NOT_FOUND', 'no such operation', 404);
    res.json(shownOperation(req.params.key));
  });
  api.get('/accounts/:login/operations', (req, res) => {
    const { login } = account(req);
    const own = [...operations].filter(([, { operation }]) => operation.login === login && within(req, operation.at));
    res.json(page(req, own.map(([key]) => shownOperation(key)))); // prettier-ignore
  });

  api.get('/accounts/:login/positions', (req, res) => res.json(page(req, positionsOf(account(req)))));
  api.post('/accounts/:login/positions', (req, res) => {
    const [{ login, profile }, { side }] = [account(req), jsonBody(req, ['side'])];
    demand(side === 'buy' || side === 'sell', 'INVALID', 'side is buy or sell');
    demand(profile.access === 'full', 'TRADING_DISABLED', `access is ${profile.access}`);
    const position = broker.openPosition(login, side as 'buy' | 'sell');
    if (broker.state(login).freeMargin.startsWith('-')) {
      broker.positions.pop();
      throw new Refusal(422, 'NO_MONEY', 'the margin is not covered');
    }
    res.status(201).json(positionsOf(account(req)).find(({ ticket }) => ticket === position.ticket));
  });
  api.delete('/accounts/:login/positions/:ticket', (req, res) => {
    const { login, profile } = account(req);
    const position = broker.openPositions(login).find(({ ticket }) => ticket === req.params.ticket);
    if (!position) throw new Refusal(404, 'POSITION_NOT_FOUND', 'no such open position');
    demand(['full', 'close_only'].includes(profile.access), 'TRADING_DISABLED', `access is ${profile.access}`);
    broker.closePosition(position);
    res.status(204).end();
  });
  api.get('/accounts/:login/deals', (req, res) => {
    const { login } = account(req);
    const closed = broker.positions.filter((one) => one.login === login && one.closed && within(req, one.closed.at));
    const deals = closed.map((one) => ({
      ticket: one.closed!.ticket, symbol: SYMBOL, side: one.side, lots: '1', openPrice: priceOf(one.points), closePrice: broker.currentPrice(one),
      profit: broker.profitOf(one), closedAt: iso(one.closed!.at),
    })); // prettier-ignore
    res.json(
      page(
        req,
        deals.toSorted((a, b) => Number(a.ticket) - Number(b.ticket)),
      ),
    );
  });

  return {
    id: 'paper',
    defaultConfig: (origin) => ({ url: `${origin}/paper`, apiKey: API_KEY }),
    mount(desk) {
      broker.now = desk.now;
      const router = Router();
      router.use((req, _res, go) => {
        demand(sameText(`Bearer ${API_KEY}`, req.get('authorization') ?? ''), 'UNAUTHORIZED', 'unknown key', 401);
        go();
      });
      router.use(api, answerRefusals);
      return router;
    },
    reset() {
      broker.reset();
      for (const kept of [accounts, operations]) kept.clear();
    },
    ...broker.verbs(),
    advance(login, to) {
      if (broker.advance(login, to)) return;
      if (to !== 'unknown_word') throw new Error('accounts know open_position, close_position, unknown_word');
      broker.accounts.get(login)!.profile.strange = true;
    },
    conformance: {
      calls: {
        createAccount: { method: 'POST', path: '/accounts' },
        getAccount: { method: 'GET', path: '/accounts/' },
        applyBalance: { method: 'PUT', path: '/operations/' },
        findBalanceOperation: { method: 'GET', path: '/operations/' },
        testConnection: { method: 'GET', path: '/groups' },
      },
      wrongCredentials: { apiKey: 'not the key' },
      trading: {
        group: 'paper-usd',
        otherGroup: 'paper-eur',
        currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        leverage: 100,
        exact: '1234567.12',
        page: PAGE,
      },
    },
  };
};
