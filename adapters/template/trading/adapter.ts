import { HubFailure } from '../../../domain/failures.ts';
import { equal } from '../../../domain/money.ts';
import { notOurs } from '../../kit/answers.ts';
import { assertCurrency, commentOf, exactAmount } from '../../kit/balance.ts';
import { fillIn } from '../../kit/fill-in.ts';
import { word } from '../../kit/json.ts';
import type { BookedOperation, TradingAdapter, Window } from '../../kit/trading.ts';
import { call, change, get, type Context, type Thing } from '../any/client.ts';
import type { AcmeConfig } from './config.ts';
import { accountOf, bookedOf, decimal, rows, stateOf, theirAccess, theirOperation } from './map.ts';

/** How long their comment may be; the key of an operation stands first in it. */
const COMMENT_LENGTH = 64;
const DAY_MS = 86_400_000;

const PATHS = {
  accounts: () =>
    fillIn("adapter.ts, PATHS.accounts: where accounts are opened (POST) and listed (GET), e.g. '/accounts'"),
  groups: () => fillIn("adapter.ts, PATHS.groups: where a group is read, which tells its currency, e.g. '/groups'"),
  account: () => fillIn("adapter.ts, PATHS.account: a cheap read that needs the credentials, e.g. '/me'"),
};

const NO_MONEY = () =>
  fillIn("adapter.ts, NO_MONEY: their error code for an account with too little money, e.g. 'no_money'");

/** The hub tells a client who has too little from one who is refused. */
const saidPlainly = (error: unknown): never => {
  if (!(error instanceof HubFailure) || error.type !== 'Rejected' || error.facts.providerCode !== NO_MONEY())
    throw error;
  throw new HubFailure('Rejected', 'insufficient_funds', error.message, error.facts);
};

const accountRow = async (ctx: Context, login: string): Promise<Thing> => {
  const found = await call(ctx, { method: 'GET', path: `${PATHS.accounts()}/{login}`, ids: { login }, effect: 'read' });
  if (!found) throw new HubFailure('NotFound', 'not_found', 'Acme knows no such account');
  return found;
};

/** Not every list is filtered as it was asked; when they answer page by page, every page is read. */
const findRow = async (ctx: Context, reference: string, group: string): Promise<Thing | null> => {
  const list = await get(ctx, PATHS.accounts(), { reference, group });
  const ours = rows(list['items']).filter((row) => word(row['reference']) === reference);
  if (ours.length > 1) throw notOurs('Acme', 'two accounts have one reference');
  return ours[0] ?? null;
};

/** Null: there is no such group. */
const currencyOf = async (ctx: Context, group: string): Promise<string | null> => {
  const found = await call(ctx, { method: 'GET', path: `${PATHS.groups()}/{group}`, ids: { group }, effect: 'read' });
  return found && word(found['currency']);
};

/** Setting what is set already is no error. */
const set = async (ctx: Context, login: string, fields: Record<string, unknown>): Promise<void> => {
  await change(
    ctx,
    { method: 'POST', path: `${PATHS.accounts()}/{login}`, ids: { login }, body: fields },
    () => undefined,
  );
};

/** All of them: when they answer page by page, every page is read (kit/read-window.ts for those who know no pages). */
const operations = async (ctx: Context, login: string, { from, to }: Window): Promise<BookedOperation[]> => {
  const path = `${PATHS.accounts()}/{login}/operations`;
  const query = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const list = await call(ctx, { method: 'GET', path, ids: { login }, query, effect: 'read' });
  return rows(list?.['items']).map((row) => bookedOf(login, row));
};

export const adapter: TradingAdapter<AcmeConfig> = {
  async createAccount(ctx, { reference, group, currencyCode, leverage, name, passwords }) {
    assertCurrency(currencyCode, (await currencyOf(ctx, group)) ?? currencyCode);
    const body = { reference, group, leverage, name, password: passwords.main, investorPassword: passwords.investor };
    return change(ctx, { method: 'POST', path: PATHS.accounts(), body }, accountOf);
  },

  async findAccount(ctx, { reference, group }) {
    const found = await findRow(ctx, reference, group);
    return found && accountOf(found);
  },

  getAccount: async (ctx, login) => accountOf(await accountRow(ctx, login)),
  getState: async (ctx, login) => stateOf(await accountRow(ctx, login)),

  async applyBalance(ctx, { login, kind, amount, currency, operationKey, text }) {
    const body = {
      type: theirOperation(kind),
      amount: exactAmount(amount, currency.minorUnit),
      comment: commentOf(operationKey, text, COMMENT_LENGTH),
    };
    const path = `${PATHS.accounts()}/{login}/operations`;
    const moved = (done: Thing) => {
      if (!equal(decimal(done, 'amount').replace('-', ''), amount)) throw notOurs('Acme', 'another amount was moved');
      return { ticket: word(done['ticket']), amount };
    };
    return change(ctx, { method: 'POST', path, ids: { login }, body }, moved).catch(saidPlainly);
  },

  async findBalanceOperation(ctx, { login, operationKey, since }) {
    // A day of room for the platform's clock.
    const window = { from: since - DAY_MS, to: ctx.now() + DAY_MS };
    const found = (await operations(ctx, login, window)).find((one) => one.operationKey === operationKey);
    return found ? { ticket: found.ticket, amount: found.amount.replace('-', '') } : null;
  },

  listBalanceOperations: operations,

  setLeverage: (ctx, login, leverage) => set(ctx, login, { leverage }),

  async setGroup(ctx, login, group) {
    const { currency } = await accountRow(ctx, login);
    assertCurrency(word(currency), (await currencyOf(ctx, group)) ?? word(currency));
    await set(ctx, login, { group });
  },

  setAccess: async (ctx, login, access) => set(ctx, login, { access: theirAccess(access) }),

  async testConnection(ctx) {
    await get(ctx, PATHS.account());
  },
};
