import { Router, type Request } from 'express';
import { fits, fixed, isZero, type Amount } from '../../../domain/money.ts';
import { priceOf, SandboxBroker, SYMBOL, type BrokerAccount, type BrokerOperation } from '../../kit/sandbox-broker.ts';
import { answerRefusals, demand, jsonBody } from '../../kit/sandbox-json.ts';
import { Refusal } from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { sameText } from '../../kit/signing.ts';

interface Profile {
  name: string;
  reference: string;
  status: string;
  /** What the next call about it is answered with. */
  strange: boolean;
}
type Account = BrokerAccount<Profile>;
type Body = Record<string, unknown>;

const AUTH = 'Bearer sandbox-hub-token';
const STATUSES = ['ACTIVE', 'CLOSE_ONLY', 'NO_TRADING', 'DISABLED'];
const PAGE = 100;
const REFERENCE = /^[\w-]{1,64}$/;

const isLeverage = (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1000;
const iso = (ms: number) => new Date(ms).toISOString();

/** The contract of this adapter, spoken by a hub of margin accounts. */
export const createSandbox = (): SandboxModule => {
  const broker = new SandboxBroker<Profile>({
    groups: {
      'institutional-usd': { currency: 'USD', decimals: 2 },
      'institutional-eur': { currency: 'EUR', decimals: 2 },
      'institutional-btc': { currency: 'BTC', decimals: 8 },
    },
    firstLogin: 900_001,
  });
  /** By reference: what was ordered, and what came of it. */
  const accounts = new Map<string, { order: string; login: string }>();
  const adjustments = new Map<string, { order: string; operation: BrokerOperation; comment: string }>();

  const shown = ({ login, group, leverage, openedAt, profile: { name, reference, status } }: Account) => {
    const { balance, credit, equity, margin, freeMargin, level, profit } = broker.state(login);
    const { currency, decimals } = broker.group(group)!;
    const money = (amount: Amount) => fixed(amount, decimals);
    return {
      id: login, reference, name, currency, group, leverage, status, balance: money(balance), credit: money(credit), equity: money(equity),
      usedMargin: money(margin), freeMargin: money(freeMargin), marginLevel: level, unrealizedPnl: money(profit), createdAt: iso(openedAt),
      updatedAt: iso(broker.now()),
    };
  }; // prettier-ignore
  const shownAdjustment = (reference: string) => {
    const { operation, comment } = adjustments.get(reference)!;
    const { group, balance, credit } = broker.accounts.get(operation.login)!;
    const { currency, decimals } = broker.group(group)!;
    return {
      adjustmentId: operation.ticket, reference, type: operation.purse.toUpperCase(), amount: fixed(operation.amount, decimals), currency, comment,
      createdAt: iso(operation.at), balance: fixed(balance, decimals), credit: fixed(credit, decimals),
    };
  }; // prettier-ignore

  const account = (req: Request): Account => {
    const found = broker.accounts.get(String(req.params['id']));
    if (!found) throw new Refusal(404, 'ACCOUNT_NOT_FOUND', 'no such margin account');
    const { strange } = found.profile;
    found.profile.strange = false;
    demand(!strange, 'SOMETHING_NEW', 'a code nobody documented');
    return found;
  };
  const key = (req: Request, body: Body): string => {
    const reference = String(body['reference']);
    demand(REFERENCE.test(reference) && req.get('idempotency-key') === reference, 'INVALID', 'Idempotency-Key must be the reference', 400); // prettier-ignore
    return reference;
  };
  const page = <T>(req: Request, all: T[]) => {
    const { cursor = '0', limit = String(PAGE) } = req.query as Record<string, string>;
    demand(/^\d+$/.test(cursor) && Number(limit) >= 1 && Number(limit) <= PAGE, 'INVALID', 'cursor or limit', 400);
    const end = Number(cursor) + Number(limit);
    return { items: all.slice(Number(cursor), end), nextCursor: end < all.length ? String(end) : null };
  };
  const within = (req: Request, at: number) => {
    const { from = iso(0), to = iso(8e15) } = req.query as Record<string, string>;
    return at >= Date.parse(from) && at <= Date.parse(to);
  };
  /** Of opposite trades only the difference is left, at the average price of its side. */
  const netOf = ({ login }: Account) => {
    const open = broker.openPositions(login);
    const buys = open.filter(({ side }) => side === 'buy');
    const [net, long] = [2 * buys.length - open.length, 2 * buys.length > open.length];
    if (net === 0) return [];
    const own = open.filter(({ side }) => (side === 'buy') === long);
    const average = Math.round(own.reduce((total, { points }) => total + points, 0) / own.length);
    const { margin, profit } = broker.state(login);
    return [{
      symbol: SYMBOL, side: long ? 'BUY' : 'SELL', netQuantity: String(Math.abs(net)), avgPrice: priceOf(average), markPrice: broker.currentPrice(own[0]!),
      unrealizedPnl: profit, usedMargin: margin, openedAt: iso(own[0]!.openedAt),
    }];
  }; // prettier-ignore

  const routes = (): Router => {
    const api = Router();
    api.get('/', (req, res) => {
      const { reference } = req.query;
      const all = [...broker.accounts.values()].filter((one) => !reference || one.profile.reference === reference);
      res.json(page(req, all.map(shown)));
    });
    api.post('/', (req, res) => {
      const body = jsonBody(req, ['reference', 'name', 'group', 'currency', 'leverage']);
      const [reference, order] = [key(req, body), JSON.stringify(body)];
      const first = accounts.get(reference);
      demand(!first || first.order === order, 'DUPLICATE_REFERENCE', 'another account has it', 409);
      const [group, currency] = [String(body['group']), broker.group(String(body['group']))?.currency];
      demand(currency, 'GROUP_INVALID', 'no such group');
      demand(currency === body['currency'], 'CURRENCY_MISMATCH', `the group is kept in ${currency}`);
      demand(isLeverage(body['leverage']) && body['name'], 'INVALID', 'leverage or name');
      const profile = { name: String(body['name']), reference, status: 'ACTIVE', strange: false };
      const login = first?.login ?? broker.open(group, Number(body['leverage']), profile).login;
      accounts.set(reference, { order, login });
      res.status(first ? 200 : 201).json(shown(broker.accounts.get(login)!));
    });
    api.get('/:id', (req, res) => res.json(shown(account(req))));
    api.patch('/:id', (req, res) => {
      const [one, { group, leverage, status }] = [account(req), jsonBody(req, ['group', 'leverage', 'status'], [])];
      demand(group === undefined || broker.group(String(group)), 'GROUP_INVALID', 'no such group');
      const other = broker.group(String(group ?? one.group))!.currency;
      demand(other === broker.group(one.group)!.currency, 'CURRENCY_MISMATCH', `the group is kept in ${other}`);
      demand(leverage === undefined || isLeverage(leverage), 'INVALID', 'leverage');
      demand(status === undefined || STATUSES.includes(String(status)), 'INVALID', 'status');
      Object.assign(one, { group: group ?? one.group, leverage: leverage ?? one.leverage });
      one.profile.status = String(status ?? one.profile.status);
      res.json(shown(one));
    });
    api.get('/:id/adjustments', (req, res) => {
      const { login } = account(req);
      const own = [...adjustments].filter(([, { operation }]) => operation.login === login && within(req, operation.at));
      const asked = own.map(([reference]) => reference).filter((one) => [undefined, one].includes(req.query['reference'] as string));
      res.json(page(req, asked.map(shownAdjustment)));
    });
    api.post('/:id/adjustments', (req, res) => {
      const { login, group } = account(req);
      const body = jsonBody(req, ['type', 'amount', 'currency', 'reference', 'comment'], ['type', 'amount', 'currency', 'reference']);
      const [reference, order] = [key(req, body), JSON.stringify([login, body])];
      const first = adjustments.get(reference);
      demand(!first || first.order === order, 'DUPLICATE_REFERENCE', 'another adjustment has it', 409);
      if (first) return void res.json(shownAdjustment(reference));
      const { currency, decimals } = broker.group(group)!;
      const [amount, comment] = [String(body['amount']), String(body['comment'] ?? '')];
      demand(body['type'] === 'BALANCE' || body['type'] === 'CREDIT', 'INVALID', 'type');
      demand(typeof body['amount'] === 'string' && /^-?\d{1,15}(\.\d{1,18})?$/.test(amount), 'INVALID', 'amount must be a decimal text');
      demand(fits(amount, decimals) && !isZero(amount), 'INVALID', `amount must have at most ${decimals} decimals`);
      demand(body['currency'] === currency, 'CURRENCY_MISMATCH', `the account is kept in ${currency}`);
      const purse = body['type'] === 'CREDIT' ? 'credit' : 'balance';
      const moved = broker.move(login, purse, amount, `${reference} ${comment}`);
      if ('refused' in moved) throw new Refusal(422, moved.refused === 'no_money' ? 'INSUFFICIENT_FUNDS' : 'REJECTED', '');
      adjustments.set(reference, { order, operation: moved.done, comment });
      if (moved.answer) res.status(201).json(shownAdjustment(reference));
    });
    api.get('/:id/positions', (req, res) => res.json(page(req, netOf(account(req)))));
    api.get('/:id/trades', (req, res) => {
      const { login } = account(req);
      const closed = broker.positions.filter((one) => one.login === login && one.closed && within(req, one.closed.at));
      res.json(page(req, closed.map((one) => ({
        tradeId: one.closed!.ticket, symbol: SYMBOL, side: one.side.toUpperCase(), quantity: '1', openPrice: priceOf(one.points),
        closePrice: broker.currentPrice(one), commission: '0', swap: '0', realizedPnl: broker.profitOf(one), closedAt: iso(one.closed!.at),
      }))));
    });
    return api;
  }; // prettier-ignore

  return {
    id: 'generic-hub',
    defaultConfig: (origin) => ({ url: `${origin}/generic-hub`, authValue: AUTH }),
    mount(desk) {
      broker.now = desk.now;
      const router = Router();
      router.use((req, _res, go) => {
        demand(sameText(AUTH, req.get('authorization') ?? ''), 'UNAUTHORIZED', 'unknown token', 401);
        go();
      });
      router.use('/margin-accounts', routes());
      router.use(answerRefusals);
      return router;
    },
    reset() {
      broker.reset();
      for (const kept of [accounts, adjustments]) kept.clear();
    },
    ...broker.verbs(),
    advance(login, to) {
      if (broker.advance(login, to)) return;
      if (to !== 'unknown_word') throw new Error('accounts know open_position, close_position, unknown_word');
      broker.accounts.get(login)!.profile.strange = true;
    },
    conformance: {
      calls: {
        createAccount: { method: 'POST', path: '/margin-accounts', body: '"leverage"' },
        getAccount: { method: 'GET', path: '/margin-accounts/' },
        applyBalance: { method: 'POST', path: '/margin-accounts/' },
        findBalanceOperation: { method: 'GET', path: '/margin-accounts/' },
        testConnection: { method: 'GET', path: '/margin-accounts' },
      },
      wrongCredentials: { authValue: 'Bearer not-the-token' },
      trading: {
        group: 'institutional-usd',
        otherGroup: 'institutional-eur',
        currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        leverage: 100,
        exact: '1234567.12',
        page: PAGE,
      },
    },
  };
};
