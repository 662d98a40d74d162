import { HubFailure } from '../../../domain/failures.ts';
import { add, equal, normal, subtract } from '../../../domain/money.ts';
import { notOurs } from '../../kit/answers.ts';
import { assertCurrency, commentOf } from '../../kit/balance.ts';
import { isObject, jsonNumber, objectOf, word } from '../../kit/json.ts';
import { readWindow } from '../../kit/read-window.ts';
import type { Row } from '../../kit/rows.ts';
import type { BookedOperation, TradingAdapter, Window } from '../../kit/trading.ts';
import { ask, askPage, type Context } from './client.ts';
import type { Mt4Config } from './config.ts';
import * as map from './map.ts';

const DAY = 24 * 3_600_000;
/** 32 with the terminator; the trade server cuts the rest without a word. */
const COMMENT_LENGTH = 31;
/** Some 1 kB each; an answer may have 1 MiB. */
const USERS_PER_PAGE = '500';

const isNotFound = (error: unknown): null => {
  if (error instanceof HubFailure && error.type === 'NotFound') return null;
  throw error;
};

const user = async (ctx: Context, login: string) =>
  objectOf(await ask(ctx, { what: 'GET UserRecordRequest', args: [login] }));

/** The answer is the merged record; names it does not know the WebAPI leaves out silently, so what was set is compared. */
const patch = async (ctx: Context, login: string, name: string, value: string | number) => {
  const merged = objectOf(await ask(ctx, { what: 'PATCH UserRecord', args: [login], body: { [name]: value } }));
  if (word(merged[name]) !== String(value))
    throw new HubFailure('Rejected', 'provider_refused', `the platform ignored ${name}`);
};

const currencyOf = async (ctx: Context, group: string) =>
  word(objectOf(await ask(ctx, { what: 'GET GroupRecordGet', args: [group] }))['currency']);

const setPassword = (ctx: Context, login: string, kind: 'main' | 'investor', password: string) =>
  ask(ctx, {
    what: 'POST UserPasswordSet',
    args: [login],
    query: { changeInvestor: String(kind === 'investor'), cleanPubkey: 'false' },
    body: password,
  });

/** Closed trades and balance operations; those of `from` <= time < `to` and perhaps some more. */
const history = (ctx: Context, login: string, window: Window): Promise<Row[]> => {
  const iso = (ms: number) => new Date(ms).toISOString();
  const read = async ({ from, to }: Window) => {
    const query = { fromTime: iso(from), toTime: iso(to) };
    return map.rows(await ask(ctx, { what: 'GET TradesUserHistory', args: [login], query }));
  };
  return readWindow(window, read, (trade) => map.decimal(trade, 'order'));
};

const booked = async (ctx: Context, login: string, window: Window): Promise<BookedOperation[]> =>
  (await history(ctx, login, window)).filter(map.isBalance).map(map.bookedOf);

export const mt4: TradingAdapter<Mt4Config> = {
  /** The WebAPI creates accounts without passwords; they are set next. */
  async createAccount(ctx, { reference, group, currencyCode, leverage, name, passwords }) {
    assertCurrency(currencyCode, await currencyOf(ctx, group));
    const created = await ask(ctx, {
      what: 'POST UserRecordNew',
      body: { login: 0, group, name, externalId: reference, leverage, enableFlags: map.NEW_ACCOUNT_FLAGS },
      key: reference,
      effect: 'write',
    });
    try {
      const account = map.accountOf(objectOf(created));
      await setPassword(ctx, account.login, 'main', passwords.main);
      await setPassword(ctx, account.login, 'investor', passwords.investor);
      return account;
    } catch {
      // Nothing that fails from here on may make a second account; it is found by its reference.
      throw notOurs('MT4 WebAPI', 'an account was created, and something went wrong before it was ready');
    }
  },

  /** Null only after all users were read. */
  async findAccount(ctx, { reference }) {
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = { limit: USERS_PER_PAGE, ...(cursor && { cursor }) };
      const page = await askPage(ctx, { what: 'GET UsersRequest', query });
      const found = map.rows(page.data).find((row) => row['externalId'] === reference);
      if (found) return map.accountOf(found);
      cursor = page.nextCursor;
    }
    return null;
  },

  getAccount: async (ctx, login) => map.accountOf(await user(ctx, login)),

  async getState(ctx, login) {
    const profile = await user(ctx, login);
    const credit = map.decimal(profile, 'credit');
    const margin = await ask(ctx, { what: 'GET MarginLevelRequest', args: [login] }).catch(isNotFound);
    if (!isObject(margin)) {
      // Nothing is open: the platform has no margin state.
      const balance = map.decimal(profile, 'balance');
      const equity = add(balance, credit);
      return { balance, credit, equity, margin: '0', freeMargin: equity, marginLevel: '0', profit: '0', live: false };
    }
    const [balance, equity] = [map.decimal(margin, 'balance'), map.decimal(margin, 'equity')];
    return {
      balance,
      credit,
      equity,
      margin: map.decimal(margin, 'margin'),
      freeMargin: map.decimal(margin, 'free'),
      marginLevel: map.decimal(margin, 'level'),
      profit: subtract(subtract(equity, balance), credit),
      live: true,
    };
  },

  async applyBalance(ctx, operation) {
    const { login, kind, amount, operationKey, text } = operation;
    if (!/^[1-9]\d{0,9}$/.test(login)) throw new HubFailure('NotFound', 'not_found', 'an MT4 login is a 32-bit number');
    const price = map.priceOf(operation);
    const data = await ask(ctx, {
      what: 'POST TradeTransaction',
      body: {
        tradeTransactionType: ctx.config.balanceTransaction,
        tradeCommand: map.commandOf(kind),
        orderBy: jsonNumber(login),
        price: jsonNumber(price),
        comment: commentOf(operationKey, text, COMMENT_LENGTH),
      },
      key: operationKey,
      effect: 'write',
    });
    const done = objectOf(data);
    try {
      // Under a key that was used for another order the first answer comes back.
      if (word(done['orderBy']) === login && equal(map.decimal(done, 'price'), price) && word(done['order']) !== '0')
        return { ticket: map.decimal(done, 'order'), amount: normal(amount) };
    } catch {
      // falls through: a success that cannot be read has to be looked up
    }
    throw notOurs('MT4 WebAPI', 'the answer to a balance operation is about another one');
  },

  /** For a login it may not see the history is empty, so the user is asked for first. A day on either side: their clock is theirs. */
  async findBalanceOperation(ctx, { login, operationKey, since }) {
    await user(ctx, login);
    const found = (await booked(ctx, login, { from: since - DAY, to: ctx.now() + DAY })).find(
      (operation) => operation.operationKey === operationKey,
    );
    return found ? { ticket: found.ticket, amount: found.amount.replace('-', '') } : null;
  },

  async listBalanceOperations(ctx, login, window) {
    await user(ctx, login);
    return (await booked(ctx, login, window)).filter(({ at }) => at >= window.from && at < window.to);
  },

  /** From the cache of the WebAPI, which lags by milliseconds and wants to know the group. */
  async listOpenPositions(ctx, login) {
    const { group } = map.accountOf(await user(ctx, login));
    const open = await ask(ctx, { what: 'GET TradesGetByLogin', args: [login, group] });
    return map.rows(open).filter(map.isTrade).map(map.positionOf);
  },

  async listClosedDeals(ctx, login, window) {
    const deals = (await history(ctx, login, window)).filter(map.isTrade).map(map.dealOf);
    return deals.filter(({ closedAt }) => closedAt >= window.from && closedAt < window.to);
  },

  setLeverage: (ctx, login, leverage) => patch(ctx, login, 'leverage', leverage),

  async setGroup(ctx, login, group) {
    const current = map.accountOf(await user(ctx, login)).group;
    if (current === group) return;
    assertCurrency(await currencyOf(ctx, current), await currencyOf(ctx, group));
    await patch(ctx, login, 'group', group);
  },

  async setAccess(ctx, login, access) {
    const current = map.flagsOf(await user(ctx, login));
    const wanted = map.flagsFor(current, access);
    if (wanted !== current) await patch(ctx, login, 'enableFlags', wanted);
  },

  async changePassword(ctx, login, kind, password) {
    await setPassword(ctx, login, kind, password);
  },

  /** One call for both passwords: the platform does not say which of them it was. */
  async checkPassword(ctx, login, _kind, password) {
    await user(ctx, login);
    const check = { what: 'POST UserPasswordCheck', args: [login], body: password };
    return (await ask(ctx, check).catch(isNotFound)) === true;
  },

  async testConnection(ctx) {
    await ask(ctx, { what: 'GET ServerTime' });
  },
};
