import { HubFailure } from '../../../domain/failures.ts';
import { equal, normal } from '../../../domain/money.ts';
import { notOurs } from '../../kit/answers.ts';
import { word } from '../../kit/json.ts';
import type { Row } from '../../kit/rows.ts';
import type { TradingAdapter, Window } from '../../kit/trading.ts';
import { ask, list, type Context } from './client.ts';
import type { GenericHubConfig } from './config.ts';
import * as map from './map.ts';

const account = (ctx: Context, login: string) => ask(ctx, { method: 'GET', path: [{ id: login }] });
const iso = ({ from, to }: Window) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });

const patch = async (ctx: Context, login: string, name: string, value: string | number) => {
  const changed = await ask(ctx, { method: 'PATCH', path: [{ id: login }], body: { [name]: value } });
  map.accountOf(changed); // an answer that is no account tells nothing
  if (word(changed[name]) !== String(value))
    throw new HubFailure('Rejected', 'provider_refused', `the hub left ${name} as it was`);
};

/** Whatever is wrong with the answer to a write, the write has happened. */
const afterWrite = <T>(read: () => T | false): T => {
  try {
    const result = read();
    if (result) return result;
  } catch {
    // falls through: an answer that cannot be read is no better than one about something else
  }
  throw notOurs('Generic hub', 'the answer is not about what was ordered');
};

export const genericHub: TradingAdapter<GenericHubConfig> = {
  async createAccount(ctx, { reference, group, currencyCode, leverage, name }) {
    const body = { reference, name, group, currency: currencyCode, leverage };
    const made: Row = await ask(ctx, { method: 'POST', path: [], body, key: reference, effect: 'write' });
    const isOurs = made['reference'] === reference && made['currency'] === currencyCode && made['group'] === group;
    return afterWrite(() => isOurs && map.accountOf(made));
  },

  async findAccount(ctx, { reference }) {
    const found = (await list(ctx, [], { reference })).find((one) => one['reference'] === reference);
    return found ? map.accountOf(found) : null;
  },

  getAccount: async (ctx, login) => map.accountOf(await account(ctx, login)),
  getState: async (ctx, login) => map.stateOf(await account(ctx, login)),

  /** The same reference again gets the first answer; with another body `DUPLICATE_REFERENCE`. */
  async applyBalance(ctx, operation) {
    const { login, kind, amount, currency, operationKey, text } = operation;
    const signed = map.signedAmount(operation);
    const order = { type: map.purseOf(kind), amount: signed, currency: currency.alphabeticCode };
    const done = await ask(ctx, {
      method: 'POST',
      path: [{ id: login }, ctx.config.adjustmentsPath],
      body: { ...order, reference: operationKey, comment: text },
      key: operationKey,
      effect: 'write',
    });
    const isOurs = done['reference'] === operationKey && done['currency'] === order.currency;
    return afterWrite(() => {
      const ticket = word(done['adjustmentId']);
      return (
        isOurs && ticket !== '' && equal(map.decimal(done, 'amount'), signed) && { ticket, amount: normal(amount) }
      );
    });
  },

  async findBalanceOperation(ctx, { login, operationKey }) {
    const path = [{ id: login }, ctx.config.adjustmentsPath];
    const found = (await list(ctx, path, { reference: operationKey })).find((one) => one['reference'] === operationKey);
    if (!found) return null;
    const { ticket, amount } = map.bookedOf(login, found);
    return { ticket, amount: amount.replace('-', '') };
  },

  async listBalanceOperations(ctx, login, window) {
    const all = await list(ctx, [{ id: login }, ctx.config.adjustmentsPath], iso(window));
    const booked = all.map((adjustment) => map.bookedOf(login, adjustment));
    return booked.filter(({ at }) => at >= window.from && at < window.to);
  },

  async listOpenPositions(ctx, login) {
    return (await list(ctx, [{ id: login }, ctx.config.positionsPath], {})).map(map.positionOf);
  },

  async listClosedDeals(ctx, login, window) {
    const deals = (await list(ctx, [{ id: login }, ctx.config.tradesPath], iso(window))).map(map.dealOf);
    return deals.filter(({ closedAt }) => closedAt >= window.from && closedAt < window.to);
  },

  setLeverage: (ctx, login, leverage) => patch(ctx, login, 'leverage', leverage),
  setGroup: (ctx, login, group) => patch(ctx, login, 'group', group),
  setAccess: (ctx, login, access) => patch(ctx, login, 'status', map.statusOf(access)),

  async testConnection(ctx) {
    map.rows((await ask(ctx, { method: 'GET', path: [], query: { limit: '1' } }))['items']);
  },
};
