import { HubFailure } from '../../../domain/failures.ts';
import { normal } from '../../../domain/money.ts';
import { notOurs } from '../../kit/answers.ts';
import { assertCurrency, commentOf, exactAmount } from '../../kit/balance.ts';
import { jsonNumber, objectOf, word, type Json } from '../../kit/json.ts';
import { readWindow } from '../../kit/read-window.ts';
import type { Row } from '../../kit/rows.ts';
import type { BookedOperation, TradingAdapter, Window } from '../../kit/trading.ts';
import { ask, type Context } from './client.ts';
import type { MatchTraderConfig } from './config.ts';
import * as map from './map.ts';

const DAY = 24 * 3_600_000;
/** Not documented; the keys and texts of the hub are shorter. */
const COMMENT_LENGTH = 64;
/** Some 1 kB each; an answer may have 1 MiB. */
const ACCOUNTS_PER_PAGE = '200';
/** Of ledger lines per answer: there are no pages. */
const LEDGER_LIMIT = 1000;
const TRADES = ['trading-accounts', 'trading-data'];

const unsupported = (what: string) => new HubFailure('Unsupported', 'unsupported', `Match-Trader ${what}`);
const iso = (ms: number) => new Date(ms).toISOString();

const accountRow = async (ctx: Context, login: string): Promise<Row> =>
  objectOf(await ask(ctx, { method: 'GET', path: ['trading-accounts', { id: login }] }));

/** One page of accounts. The envelope of lists is not the same everywhere. */
const accountPage = async (ctx: Context, query: Record<string, string>): Promise<Row[]> => {
  const answer = objectOf(await ask(ctx, { method: 'GET', path: ['trading-accounts'], query }));
  return map.rows(answer['content'] ?? answer['items']);
};

const accountsOf = (ctx: Context, group: string, page: number, size = ACCOUNTS_PER_PAGE): Promise<Row[]> =>
  accountPage(ctx, { group, page: String(page), size });

/** Our reference stands in the account's remarks. Null only after an empty page. */
const findRow = async (ctx: Context, reference: string, group: string): Promise<Row | null> => {
  for (let page = 0; ; page++) {
    const accounts = await accountsOf(ctx, group, page);
    if (accounts.length === 0) return null;
    const found = accounts.find((account) => account['remarks'] === reference);
    if (found) return found;
  }
};

/** Groups do not tell their currency; an account in them does. Undefined while there is none. */
const currencyOf = async (ctx: Context, group: string): Promise<string | undefined> =>
  (await accountsOf(ctx, group, 0, '1')).map((account) => word(map.financeOf(account)['currency']))[0];

const emailOf = (ctx: Context, reference: string) => `${reference.toLowerCase()}@${ctx.config.userDomain}`;

const uuidOf = (user: Json): string => {
  const uuid = word(objectOf(user)['uuid']);
  if (!uuid) throw new HubFailure('Unavailable', 'provider_garbage', 'Match-Trader: a user without uuid');
  return uuid;
};

const userByEmail = async (ctx: Context, email: string): Promise<string> =>
  uuidOf(await ask(ctx, { method: 'GET', path: ['user-accounts', 'email', { id: email }] }));

/** A user holds the password. Twice with one address is refused with 409, which makes it harmless. */
const makeUser = async (ctx: Context, email: string, password: string): Promise<{ isNew: boolean; uuid: string }> => {
  try {
    const user = await ask(ctx, { method: 'POST', path: ['user-accounts'], body: { email, password } });
    return { isNew: true, uuid: uuidOf(user) };
  } catch (error) {
    if (!isStatus(error, '409')) throw error;
    return { isNew: false, uuid: await userByEmail(ctx, email) };
  }
};

const isStatus = (error: unknown, ...statuses: string[]): boolean =>
  error instanceof HubFailure && error.type === 'Rejected' && statuses.includes(error.facts.providerCode ?? '');

/**
 * Changes go with the version they were made on. Which status a newer one has is not documented: after a 409, 412 or 422 the account is read
 * again, and only a version that stayed makes it a no.
 */
const change = async (ctx: Context, login: string, fields: Record<string, unknown>, tries = 3): Promise<void> => {
  const version = map.decimal(await accountRow(ctx, login), 'version');
  const body = { ...fields, version: jsonNumber(version) };
  try {
    await ask(ctx, { method: 'PATCH', path: ['trading-accounts', { id: login }], body });
  } catch (error) {
    if (!isStatus(error, '409', '412', '422') || tries === 1) throw error;
    if (map.decimal(await accountRow(ctx, login), 'version') === version) throw error;
    await change(ctx, login, fields, tries - 1);
  }
};

/** Balance operations of one login. A full answer may be cut off. */
const ledger = (ctx: Context, login: string, window: Window): Promise<BookedOperation[]> => {
  const read = async ({ from, to }: Window) => {
    const body = { logins: [login], types: map.LEDGER_TYPES, from: iso(from), to: iso(to), limit: LEDGER_LIMIT };
    const answer = map.rows(await ask(ctx, { method: 'POST', path: [...TRADES, 'ledgers'], body }));
    const own = answer.filter((row) => word(row['login']) === login).flatMap((row) => map.rows(row['operations']));
    return own.length < LEDGER_LIMIT ? own.map((operation) => map.bookedOf(login, operation)) : null;
  };
  return readWindow(window, read, ({ ticket }) => ticket);
};

const findInLedger = async (ctx: Context, login: string, operationKey: string, since: number) =>
  (await ledger(ctx, login, { from: since - DAY, to: ctx.now() + DAY })).find(
    (line) => line.operationKey === operationKey,
  );

export const matchTrader: TradingAdapter<MatchTraderConfig> = {
  /** One technical user per account, named by our reference: a password belongs to a user. There is no investor password. */
  async createAccount(ctx, { reference, group, currencyCode, leverage, name, passwords }) {
    assertCurrency(currencyCode, (await currencyOf(ctx, group)) ?? currencyCode);
    const user = await makeUser(ctx, emailOf(ctx, reference), passwords.main);
    const existing = user.isNew ? null : await findRow(ctx, reference, group);
    const account = existing ?? objectOf(await ask(ctx, {
      method: 'POST',
      path: ['user-accounts', { id: user.uuid }, 'trading-accounts'],
      body: {
        group,
        leverageRatioPercent: leverage,
        accessRight: map.rightOf('full'),
        accountType: ctx.config.accountType,
        accountDetails: { firstName: name, lastName: reference },
        remarks: reference,
      },
      effect: 'write',
    })); // prettier-ignore
    const currency = word(map.financeOf(account)['currency']);
    if (!currency) throw notOurs('Match-Trader', 'an account was created, and the answer does not show it');
    if (currency !== currencyCode) {
      // The first account of a group tells its currency too late.
      const query = { deleteFromTradingSystem: 'true' };
      await ask(ctx, { method: 'DELETE', path: ['user-accounts', { id: user.uuid }], query });
    }
    assertCurrency(currencyCode, currency);
    try {
      return map.accountOf(account);
    } catch {
      throw notOurs('Match-Trader', 'an account was created, and the answer cannot be read');
    }
  },

  async findAccount(ctx, { reference, group }) {
    const found = await findRow(ctx, reference, group);
    return found && map.accountOf(found);
  },

  getAccount: async (ctx, login) => map.accountOf(await accountRow(ctx, login)),
  getState: async (ctx, login) => map.stateOf(await accountRow(ctx, login)),

  /** 204 and no number. The ledger tells it; when it does not at once, the key stands in for it, for the money has moved. */
  async applyBalance(ctx, { login, kind, amount, currency, operationKey, text }) {
    const [command, additionalType] = map.MOVEMENTS[kind];
    const body = {
      amount: jsonNumber(exactAmount(amount, currency.minorUnit)),
      comment: commentOf(operationKey, text, COMMENT_LENGTH),
      additionalType,
    };
    const answer = await ask(ctx, {
      method: 'POST',
      path: ['trading-accounts', { id: login }, command],
      body,
      effect: 'write',
    });
    if (answer !== null) throw notOurs('Match-Trader', 'a balance operation was answered with something else than 204');
    const line = await findInLedger(ctx, login, operationKey, ctx.now()).catch(() => undefined);
    return { ticket: line?.ticket ?? operationKey, amount: line?.amount.replace('-', '') ?? normal(amount) };
  },

  /** For a login of somebody else the ledger is empty, so the account is asked for first. */
  async findBalanceOperation(ctx, { login, operationKey, since }) {
    await accountRow(ctx, login);
    const line = await findInLedger(ctx, login, operationKey, since);
    return line ? { ticket: line.ticket, amount: line.amount.replace('-', '') } : null;
  },

  async listBalanceOperations(ctx, login, window) {
    await accountRow(ctx, login);
    return (await ledger(ctx, login, window)).filter(({ at }) => at >= window.from && at < window.to);
  },

  async listOpenPositions(ctx, login) {
    const answer = map.rows(
      await ask(ctx, { method: 'POST', path: [...TRADES, 'open-positions'], body: { logins: [login] } }),
    );
    const own = answer.filter((row) => word(row['login']) === login);
    return own.flatMap((row) => map.rows(row['positions'])).map(map.positionOf);
  },

  /** The lines do not say whose they are: one login per question. */
  async listClosedDeals(ctx, login, window) {
    const read = async ({ from, to }: Window) => {
      const body = { logins: [login], from: iso(from), to: iso(to) };
      const answer = objectOf(await ask(ctx, { method: 'POST', path: [...TRADES, 'closed-positions'], body }));
      return map.rows(answer['closedPositions']).map(map.dealOf);
    };
    const deals = await readWindow(window, read, ({ ticket }) => ticket);
    return deals.filter(({ closedAt }) => closedAt >= window.from && closedAt < window.to);
  },

  setLeverage: (ctx, login, leverage) => change(ctx, login, { leverageRatioPercent: leverage }),
  setAccess: (ctx, login, access) => change(ctx, login, { accessRight: map.rightOf(access) }),

  async setGroup(ctx, login, group) {
    const current = word(map.financeOf(await accountRow(ctx, login))['currency']);
    assertCurrency(current, (await currencyOf(ctx, group)) ?? current);
    await change(ctx, login, { group });
  },

  async changePassword(ctx, login, kind, newPassword) {
    if (kind === 'investor') throw unsupported('has no investor passwords');
    const reference = word((await accountRow(ctx, login))['remarks']);
    if (!/^K\w{12}$/.test(reference))
      throw unsupported('keeps passwords with users, and the user of this account is not ours');
    const uuid = await userByEmail(ctx, emailOf(ctx, reference));
    await ask(ctx, { method: 'POST', path: ['user-accounts', { id: uuid }, 'change-password'], body: { newPassword } });
  },

  async testConnection(ctx) {
    await accountPage(ctx, { page: '0', size: '1' });
  },
};
