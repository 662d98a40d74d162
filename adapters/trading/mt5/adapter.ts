import { HubFailure } from '../../../domain/failures.ts';
import { add, equal, normal } from '../../../domain/money.ts';
import { garbage, notOurs } from '../../kit/answers.ts';
import { assertCurrency, commentOf } from '../../kit/balance.ts';
import { objectOf, word } from '../../kit/json.ts';
import type { Row } from '../../kit/rows.ts';
import type { KeepsPasswords, TradingAdapter, Window } from '../../kit/trading.ts';
import { command, type Context } from './client.ts';
import type { Mt5Config } from './config.ts';
import * as map from './map.ts';

const DAY = 24 * 3_600_000;
const QUARTER = 15 * 60_000;
/** Most objects of one page (vendor). */
const PAGE = 100;
/** Users per question: some 200 kB of answer. */
const BATCH = 200;
/** 32 with the terminator; the server cuts the rest without a word. */
const COMMENT_LENGTH = 31;
const NOT_FOUND = 13;
const PARTIAL = 14;
const BAD_PASSWORD = 3006;

const ask = (ctx: Context, path: string, query: Record<string, string>, ...accept: number[]) =>
  command(ctx, { path, query, effect: 'read', accept });

const user = async (ctx: Context, login: string): Promise<Row> =>
  objectOf((await ask(ctx, '/api/user/get', { login })).answer);

/** `user/update` ignores bad values without a word (vendor), so the account is read again and compared. */
const update = async (ctx: Context, login: string, name: string, value: string, holds: (user: Row) => boolean) => {
  await ask(ctx, '/api/user/update', { login, [name]: value });
  if (!holds(await user(ctx, login)))
    throw new HubFailure('Rejected', 'provider_refused', `the platform ignored ${name}`);
};

/** Passwords travel in bodies only: addresses get logged. */
const ofPassword = (ctx: Context, verb: 'change' | 'check', [login, kind, password]: readonly string[]) =>
  command(ctx, {
    path: `/api/user/${verb}_password`,
    body: { Login: login!, Type: kind!, Password: password! },
    effect: 'read',
    accept: verb === 'check' ? [BAD_PASSWORD] : [],
  });

/** Every page: nothing is "not there" before all were read. */
const pages = async (ctx: Context, what: 'deal' | 'position', query: Record<string, string>): Promise<Row[]> => {
  const count = await ask(ctx, `/api/${what}/get_total`, query);
  const total = Number(map.decimal(objectOf(count.answer), 'Total'));
  const all: Row[] = [];
  while (all.length < total) {
    const part = { ...query, offset: String(all.length), total: String(PAGE) };
    const page = map.rows((await ask(ctx, `/api/${what}/get_page`, part)).answer);
    if (page.length === 0) throw garbage({ provider: 'MT5', what: `list ${what}s to the end`, effect: 'read' });
    all.push(...page);
  }
  return all;
};

/** `from` and `to` are of the server's clock and whole seconds, so some more deals may come. */
const dealsOf = (ctx: Context, login: string, { from, to }: Window): Promise<Row[]> =>
  pages(ctx, 'deal', { login, from: String(Math.max(Math.floor(from / 1000), 0)), to: String(Math.ceil(to / 1000)) });

/** How much the server's clock is ahead of ours: its time zone, so whole quarters of an hour; the rest is drift. */
const aheadOf = async (ctx: Context): Promise<number> => {
  const seconds = /^\d{9,11}/.exec(word(objectOf((await ask(ctx, '/api/time/server', {})).answer)['Time']))?.[0];
  if (!seconds) throw garbage({ provider: 'MT5', what: 'read its clock', effect: 'read' });
  return Math.round((Number(seconds) * 1000 - ctx.now()) / QUARTER) * QUARTER;
};

export const mt5: TradingAdapter<Mt5Config> & KeepsPasswords<Mt5Config> = {
  /** Twice with one reference makes one account: the reference stands in the user's ID and is looked for first. */
  async createAccount(ctx, account) {
    const group = objectOf((await ask(ctx, '/api/group/get', { group: account.group })).answer);
    if (!group['Currency']) throw garbage({ provider: 'MT5', what: 'read the group', effect: 'read' });
    assertCurrency(account.currencyCode, word(group['Currency']));
    const existing = await mt5.findAccount(ctx, account);
    if (existing) return existing;
    const { answer } = await command(ctx, {
      path: '/api/user/add',
      body: {
        Login: '0',
        PassMain: account.passwords.main,
        PassInvestor: account.passwords.investor,
        Group: account.group,
        Name: account.name,
        Leverage: String(account.leverage),
        Rights: map.DEFAULT_RIGHTS,
        ID: account.reference,
      },
      effect: 'write',
    });
    return afterWrite(() => map.accountOf(objectOf(answer)));
  },

  /** Newest logins first, because who asks has usually just created it. Null only after the whole group was read. */
  async findAccount(ctx, { reference, group }) {
    const { retcode, answer } = await ask(ctx, '/api/user/logins', { group }, NOT_FOUND);
    if (retcode === NOT_FOUND) return null;
    if (!Array.isArray(answer)) throw garbage({ provider: 'MT5', what: 'list the logins', effect: 'read' });
    const logins = answer.map(word).sort((a, b) => Number(BigInt(b) - BigInt(a)));
    for (let from = 0; from < logins.length; from += BATCH) {
      const login = logins.slice(from, from + BATCH).join(',');
      const batch = await ask(ctx, '/api/user/get_batch', { login }, PARTIAL);
      const found = map.rows(batch.answer).find((row) => row['ID'] === reference);
      if (found) return map.accountOf(found);
    }
    return null;
  },

  getAccount: async (ctx, login) => map.accountOf(await user(ctx, login)),

  async getState(ctx, login) {
    const { retcode, answer } = await ask(ctx, '/api/user/account/get', { login }, NOT_FOUND);
    const isLive = retcode !== NOT_FOUND;
    const row = isLive ? objectOf(answer) : await user(ctx, login);
    const [balance, credit] = [map.decimal(row, 'Balance'), map.decimal(row, 'Credit')];
    if (!isLive) {
      // Idle since the server's last restart: it keeps no live state, and nothing is open.
      const equity = add(balance, credit);
      return { balance, credit, equity, margin: '0', freeMargin: equity, marginLevel: '0', profit: '0', live: false };
    }
    return {
      balance,
      credit,
      equity: map.decimal(row, 'Equity'),
      margin: map.decimal(row, 'Margin'),
      freeMargin: map.decimal(row, 'MarginFree'),
      marginLevel: map.decimal(row, 'MarginLevel'),
      profit: map.decimal(row, 'Profit'),
      live: true,
    };
  },

  async applyBalance(ctx, operation) {
    const { login, kind, amount, operationKey, text } = operation;
    const comment = commentOf(operationKey, text, COMMENT_LENGTH);
    const query = { login, type: map.actionOf(kind), balance: map.signedAmount(operation), comment };
    const { answer } = await command(ctx, { path: '/api/trade/balance', query, effect: 'write' });
    return afterWrite(() => ({ ticket: map.decimal(objectOf(answer), 'Ticket'), amount: normal(amount) }));
  },

  /** A day on either side covers the server's clock, whatever it shows. */
  async findBalanceOperation(ctx, { login, operationKey, since }) {
    const deals = await dealsOf(ctx, login, { from: since - DAY, to: ctx.now() + 2 * DAY });
    const booked = deals.filter(map.isBalance).map((deal) => map.bookedOf(deal, 0));
    const found = booked.find((operation) => operation.operationKey === operationKey);
    return found ? { ticket: found.ticket, amount: found.amount.replace('-', '') } : null;
  },

  async listBalanceOperations(ctx, login, { from, to }) {
    const ahead = await aheadOf(ctx);
    const deals = await dealsOf(ctx, login, { from: from + ahead, to: to + ahead });
    const booked = deals.filter(map.isBalance).map((deal) => map.bookedOf(deal, ahead));
    return booked.filter(({ at }) => at >= from && at < to);
  },

  async listOpenPositions(ctx, login) {
    const ahead = await aheadOf(ctx);
    return (await pages(ctx, 'position', { login })).map((position) => map.positionOf(position, ahead));
  },

  /** What was closed in the window may have been opened long before: older deals are read, ever more of them, until all entries are there. */
  async listClosedDeals(ctx, login, window) {
    const ahead = await aheadOf(ctx);
    const { from, to } = { from: window.from + ahead, to: window.to + ahead };
    let deals = await dealsOf(ctx, login, { from, to });
    const exits = deals.filter((deal) => map.isExit(deal) && map.timeOf(deal, 0) >= from && map.timeOf(deal, 0) < to);
    for (let days = 7, end = from; end > 0 && exits.some((exit) => !map.isMatched(exit, deals)); days *= 4) {
      const older = await dealsOf(ctx, login, { from: end - days * DAY, to: end });
      const seen = new Set(deals.map((deal) => deal['Deal']));
      deals = [...older.filter((deal) => !seen.has(deal['Deal'])), ...deals];
      end -= days * DAY;
    }
    return exits.map((exit) => map.closedOf(exit, deals, ahead));
  },

  async archive(ctx, login) {
    const { retcode } = await ask(ctx, '/api/user/archive/add', { login }, NOT_FOUND);
    // Not among the users: away already, or nobody's.
    if (retcode === NOT_FOUND) await ask(ctx, '/api/user/archive/get', { login });
  },

  /** A restored user stays in the archive too (vendor), so it is looked for among the users first. */
  async restore(ctx, login) {
    if ((await ask(ctx, '/api/user/get', { login }, NOT_FOUND)).retcode !== NOT_FOUND) return;
    const archived = objectOf((await ask(ctx, '/api/user/archive/get', { login })).answer);
    await command(ctx, { path: '/api/user/restore', body: archived, effect: 'read' });
  },

  setLeverage: (ctx, login, leverage) =>
    update(ctx, login, 'leverage', String(leverage), (row) => equal(map.decimal(row, 'Leverage'), String(leverage))),

  /** A group of another currency is refused with 3010. */
  setGroup: (ctx, login, group) => update(ctx, login, 'group', group, (row) => row['Group'] === group),

  async setAccess(ctx, login, access) {
    const current = map.rightsOf(await user(ctx, login));
    const wanted = map.rightsFor(current, access);
    if (wanted !== current) await update(ctx, login, 'rights', String(wanted), (row) => map.rightsOf(row) === wanted);
  },

  changePassword: async (ctx, ...who) => void (await ofPassword(ctx, 'change', who)),
  checkPassword: async (ctx, ...who) => (await ofPassword(ctx, 'check', who)).retcode !== BAD_PASSWORD,
  testConnection: async (ctx) => void (await ask(ctx, '/api/test/access', {})),
};

/** A success whose answer cannot be read is still a success: it has to be looked up, not repeated. */
const afterWrite = <T>(read: () => T): T => {
  try {
    return read();
  } catch {
    throw notOurs('MT5', 'success without its object');
  }
};
