import { HubFailure } from '../../../domain/failures.ts';
import { equal } from '../../../domain/money.ts';
import { garbage, notOurs } from '../../kit/answers.ts';
import { exactAmount, keyed, takesOut } from '../../kit/balance.ts';
import { word } from '../../kit/json.ts';
import type { Row } from '../../kit/rows.ts';
import type * as kit from '../../kit/trading.ts';
import { ask, decimal, list, rows, time, type Context } from './client.ts';
import type { PaperConfig } from './config.ts';

const ACCESS: readonly kit.Access[] = ['full', 'close_only', 'read_only', 'disabled'];

const accountOf = (account: Row): kit.TradingAccount => {
  const [login, access] = [word(account['login']), ACCESS.find((one) => one === account['access'])];
  if (!login || !access) throw garbage({ provider: 'Paper platform', what: 'read an account', effect: 'read' });
  return { login, group: word(account['group']), leverage: Number(decimal(account, 'leverage')), access };
};

const bookedOf = (operation: Row): kit.BookedOperation => {
  const amount = decimal(operation, 'amount');
  return {
    ...keyed(word(operation['key'])),
    login: word(operation['login']),
    ticket: decimal(operation, 'ticket'),
    amount: takesOut(operation['kind'] as kit.BalanceOperation['kind']) ? `-${amount}` : amount,
    comment: word(operation['text']),
    at: time(operation, 'at'),
  };
};

const tradeOf = (trade: Row) => ({
  symbol: word(trade['symbol']),
  side: trade['side'] === 'buy' ? ('buy' as const) : ('sell' as const),
  volume: decimal(trade, 'lots'),
  openPrice: decimal(trade, 'openPrice'),
  swap: '0',
  profit: decimal(trade, 'profit'),
});

/** Whatever is wrong with the answer to a write, the write has happened. */
const afterWrite = <T>(isOurs: boolean, read: () => T): T => {
  try {
    if (isOurs) return read();
  } catch {
    // falls through: an answer that cannot be read is no better than one about something else
  }
  throw notOurs('Paper platform', 'the answer is not about what was ordered');
};

const account = (ctx: Context, login: string) => ask(ctx, 'GET', ['accounts', { id: login }]);
const patch = async (ctx: Context, login: string, change: Record<string, unknown>) =>
  void (await ask(ctx, 'PATCH', ['accounts', { id: login }], { body: change }));
const iso = ({ from, to }: kit.Window) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });

export const paper: kit.TradingAdapter<PaperConfig> = {
  async createAccount(ctx, { reference, group, currencyCode: currency, leverage, name, passwords }) {
    const body = { reference, group, currency, leverage, name, passwords };
    const made = await ask(ctx, 'POST', ['accounts'], { body, effect: 'write' });
    return afterWrite(made['reference'] === reference && made['currency'] === currency, () => accountOf(made));
  },

  async findAccount(ctx, { reference }) {
    const answer = await ask(ctx, 'GET', ['accounts'], { query: { reference } });
    const found = rows(answer['items']).find((one) => one['reference'] === reference);
    return found ? accountOf(found) : null;
  },

  getAccount: async (ctx, login) => accountOf(await account(ctx, login)),

  async getState(ctx, login) {
    const state = await account(ctx, login);
    return {
      balance: decimal(state, 'balance'),
      credit: decimal(state, 'credit'),
      equity: decimal(state, 'equity'),
      margin: decimal(state, 'margin'),
      freeMargin: decimal(state, 'freeMargin'),
      marginLevel: decimal(state, 'marginLevel'),
      profit: decimal(state, 'profit'),
      live: true,
    };
  },

  async applyBalance(ctx, { login, kind, amount, currency, operationKey, text }) {
    const body = {
      login,
      kind,
      amount: exactAmount(amount, currency.minorUnit),
      currency: currency.alphabeticCode,
      text,
    };
    const done = await ask(ctx, 'PUT', ['operations', { id: operationKey }], { body, effect: 'write' });
    const isOurs = done['key'] === operationKey && done['login'] === login && done['kind'] === kind;
    const ticket = afterWrite(isOurs, () => ({ ticket: decimal(done, 'ticket'), amount: decimal(done, 'amount') }));
    return afterWrite(equal(ticket.amount, amount), () => ticket);
  },

  async findBalanceOperation(ctx, { login, operationKey }) {
    const found = await ask(ctx, 'GET', ['operations', { id: operationKey }]).catch((error: unknown) => {
      if (error instanceof HubFailure && error.facts.providerCode === 'OPERATION_NOT_FOUND') return null;
      throw error;
    });
    if (!found) return null;
    if (word(found['key']) === '')
      throw garbage({ provider: 'Paper platform', what: 'read an operation', effect: 'read' });
    if (found['login'] !== login) throw notOurs('Paper platform', 'the operation is about another account');
    return { ticket: decimal(found, 'ticket'), amount: decimal(found, 'amount') };
  },

  async listBalanceOperations(ctx, login, window) {
    const booked = (await list(ctx, login, 'operations', iso(window))).map(bookedOf);
    return booked.filter(({ at }) => at >= window.from && at < window.to);
  },

  async listOpenPositions(ctx, login) {
    return (await list(ctx, login, 'positions')).map((position) => ({
      ...tradeOf(position),
      ticket: decimal(position, 'ticket'),
      currentPrice: decimal(position, 'price'),
      openedAt: time(position, 'openedAt'),
    }));
  },

  async listClosedDeals(ctx, login, window) {
    const deals = (await list(ctx, login, 'deals', iso(window))).map((deal) => ({
      ...tradeOf(deal),
      ticket: decimal(deal, 'ticket'),
      closePrice: decimal(deal, 'closePrice'),
      commission: '0',
      closedAt: time(deal, 'closedAt'),
    }));
    return deals.filter(({ closedAt }) => closedAt >= window.from && closedAt < window.to);
  },

  setLeverage: (ctx, login, leverage) => patch(ctx, login, { leverage }),
  setGroup: (ctx, login, group) => patch(ctx, login, { group }),
  setAccess: (ctx, login, access) => patch(ctx, login, { access }),
  archive: async (ctx, login) => void (await ask(ctx, 'POST', ['accounts', { id: login }, 'archive'])),
  restore: async (ctx, login) => void (await ask(ctx, 'POST', ['accounts', { id: login }, 'restore'])),

  async changePassword(ctx, login, kind, password) {
    await ask(ctx, 'PUT', ['accounts', { id: login }, 'passwords', kind], { body: { password } });
  },

  async checkPassword(ctx, login, kind, password) {
    const path = ['accounts', { id: login }, 'passwords', kind, 'check'];
    return (await ask(ctx, 'POST', path, { body: { password } }))['right'] === true;
  },

  async testConnection(ctx) {
    rows((await ask(ctx, 'GET', ['groups']))['items']);
  },
};
