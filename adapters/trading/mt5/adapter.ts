import { HubFailure } from '../../../domain/failures.ts';
import { add, equal, fixed, isPositive, normal } from '../../../domain/money.ts';
import type { AccountState, BalanceOperation, KeepsPasswords, TradingAdapter } from '../../kit/trading.ts';
import { command, type Context } from './client.ts';
import type { Mt5Config } from './config.ts';
import * as map from './map.ts';

const HOUR = 3600;
/** The vendor answers at most 100 deals per page. */
const PAGE = 100;
/** Users per question: some 200 kB of answer. */
const BATCH = 200;
const NOT_FOUND = 13;
const PARTIAL = 14;
const BAD_PASSWORD = 3006;

const ask = async (ctx: Context, path: string, query: Record<string, string>, accept: readonly number[] = []) =>
  command(ctx, { path, query, effect: 'read', accept });

const user = async (ctx: Context, login: string) => map.rowOf((await ask(ctx, '/api/user/get', { login })).answer);

/** `user/update` ignores bad values without a word (vendor), so the account is read again and compared. */
const update = async (
  ctx: Context,
  login: string,
  fields: Record<string, string>,
  holds: (user: map.Row) => boolean,
) => {
  await ask(ctx, '/api/user/update', { login, ...fields });
  if (!holds(await user(ctx, login))) {
    throw new HubFailure('Rejected', 'provider_refused', `the platform ignored ${Object.keys(fields).join(', ')}`);
  }
};

const passwordCall = (ctx: Context, path: string, login: string, kind: 'main' | 'investor', password: string) =>
  command(ctx, {
    path,
    body: { Login: login, Type: kind, Password: password },
    effect: 'read',
    accept: path.endsWith('check_password') ? [BAD_PASSWORD] : [],
  });

const checkedAmount = ({ kind, amount, currency }: BalanceOperation): string => {
  if (!isPositive(amount)) throw new HubFailure('InvalidInput', 'amount_too_small', 'the amount must be positive');
  return map.signed(kind, fixed(amount, currency.minorUnit));
};

export const mt5: TradingAdapter<Mt5Config> & KeepsPasswords<Mt5Config> = {
  /** Twice with one reference makes one account: the reference stands in the user's ID and is looked for first. */
  async createAccount(ctx, account) {
    const group = map.rowOf((await ask(ctx, '/api/group/get', { group: account.group })).answer);
    if (group['Currency'] !== account.currencyCode) {
      throw new HubFailure('Rejected', 'currency_mismatch', `the group is kept in ${String(group['Currency'])}`);
    }
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
    return afterWrite(() => map.accountOf(map.rowOf(answer)));
  },

  /** Newest logins first, because who asks has usually just created it. Null only after the whole group was read. */
  async findAccount(ctx, { reference, group }) {
    const { retcode, answer } = await ask(ctx, '/api/user/logins', { group }, [NOT_FOUND]);
    if (retcode === NOT_FOUND) return null;
    const logins = map
      .listOf(answer)
      .map(String)
      .sort((a, b) => Number(BigInt(b) - BigInt(a)));
    for (let from = 0; from < logins.length; from += BATCH) {
      const login = logins.slice(from, from + BATCH).join(',');
      const batch = await ask(ctx, '/api/user/get_batch', { login }, [PARTIAL]);
      const found = map.rowsOf(batch.answer).find((row) => row['ID'] === reference);
      if (found) return map.accountOf(found);
    }
    return null;
  },

  getAccount: async (ctx, login) => map.accountOf(await user(ctx, login)),

  async getState(ctx, login): Promise<AccountState> {
    const { retcode, answer } = await ask(ctx, '/api/user/account/get', { login }, [NOT_FOUND]);
    if (retcode !== NOT_FOUND) return map.stateOf(map.rowOf(answer));
    // Idle since the server's last restart: it keeps no live state, and nothing is open.
    const profile = await user(ctx, login);
    const [balance, credit] = [map.decimal(profile, 'Balance'), map.decimal(profile, 'Credit')];
    const equity = add(balance, credit);
    const flat = { margin: '0', marginLevel: '0', profit: '0' };
    return { balance, credit, equity, freeMargin: equity, ...flat, live: false };
  },

  async applyBalance(ctx, operation) {
    const { answer } = await command(ctx, {
      path: '/api/trade/balance',
      query: {
        login: operation.login,
        type: map.actionOf(operation.kind),
        balance: checkedAmount(operation),
        comment: map.commentOf(operation.operationKey, operation.text),
      },
      effect: 'write',
    });
    return afterWrite(() => ({ ticket: map.decimal(map.rowOf(answer), 'Ticket'), amount: normal(operation.amount) }));
  },

  /** Deals carry the server's own time as if it were UTC, hence a day on either side. */
  async findBalanceOperation(ctx, { login, operationKey, since }) {
    const window = {
      login,
      from: String(Math.floor(since / 1000) - 24 * HOUR),
      to: String(Math.floor(ctx.now() / 1000) + 48 * HOUR),
    };
    const count = await ask(ctx, '/api/deal/get_total', window);
    const total = Number(map.decimal(map.rowOf(count.answer), 'Total'));
    for (let offset = 0; offset < total; offset += PAGE) {
      const page = await ask(ctx, '/api/deal/get_page', { ...window, offset: String(offset), total: String(PAGE) });
      const deals = map.rowsOf(page.answer);
      if (deals.length === 0) throw map.lostAnswer('read', `page ${offset} of ${total} deals is empty`);
      const deal = deals.find((row) => map.carriesKey(row, operationKey));
      if (deal) {
        return { ticket: map.decimal(deal, 'Deal'), amount: map.decimal(deal, 'Profit').replace('-', '') };
      }
    }
    return null;
  },

  async setLeverage(ctx, login, leverage) {
    const wanted = String(leverage);
    await update(ctx, login, { leverage: wanted }, (row) => equal(map.decimal(row, 'Leverage'), wanted));
  },

  /** A group of another currency is refused with 3010. */
  async setGroup(ctx, login, group) {
    await update(ctx, login, { group }, (row) => row['Group'] === group);
  },

  async setAccess(ctx, login, access) {
    const current = map.rightsOf(await user(ctx, login));
    const wanted = map.rightsFor(current, access);
    if (wanted === current) return;
    await update(ctx, login, { rights: String(wanted) }, (row) => map.rightsOf(row) === wanted);
  },

  async changePassword(ctx, login, kind, password) {
    await passwordCall(ctx, '/api/user/change_password', login, kind, password);
  },

  async checkPassword(ctx, login, kind, password) {
    const { retcode } = await passwordCall(ctx, '/api/user/check_password', login, kind, password);
    return retcode !== BAD_PASSWORD;
  },

  async testConnection(ctx) {
    await ask(ctx, '/api/test/access', {});
  },
};

/** A success whose answer cannot be read is still a success: it has to be looked up, not repeated. */
const afterWrite = <T>(read: () => T): T => {
  try {
    return read();
  } catch {
    throw map.lostAnswer('write', 'success without its object');
  }
};
