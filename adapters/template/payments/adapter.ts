import { HubFailure } from '../../../domain/failures.ts';
import { garbage, notOurs } from '../../kit/answers.ts';
import { fillIn } from '../../kit/fill-in.ts';
import { objectOf, word } from '../../kit/json.ts';
import type { PaymentAdapter, ProviderRef } from '../../kit/payments.ts';
import { call, change, get, type Context, type Thing } from '../any/client.ts';
import type { AcmeConfig } from '../any/config.ts';
import { webhook } from '../any/webhook.ts';
import { depositReport, mustBeOurs, payoutReport, theirAmount } from './map.ts';

const PATHS = {
  payments: () =>
    fillIn("adapter.ts, PATHS.payments: where a payment is opened (POST) and listed (GET), e.g. '/payments'"),
  payouts: () =>
    fillIn("adapter.ts, PATHS.payouts: where a payout is ordered (POST) and listed (GET), e.g. '/payouts'"),
  refunds: () =>
    fillIn("adapter.ts, PATHS.refunds: where a refund is ordered (POST) and listed (GET), e.g. '/refunds'"),
  account: () => fillIn("adapter.ts, PATHS.account: a cheap read that needs the credentials, e.g. '/account'"),
};

/** By their id when we know it, else in their list by our reference. Null only when they say that there is none. */
const find = async (ctx: Context, path: string, { reference, providerId }: ProviderRef): Promise<Thing | null> => {
  if (providerId !== undefined)
    return call(ctx, { method: 'GET', path: `${path}/{id}`, ids: { id: providerId }, effect: 'read' });
  const { items } = await get(ctx, path, { reference });
  // What is no list was not read: it must not look like "none".
  if (!Array.isArray(items)) throw garbage({ provider: 'Acme', what: `GET ${path}`, effect: 'read' });
  if (items.length > 1) throw notOurs('Acme', 'two orders have one reference');
  if (items[0] === undefined) return null;
  const found = objectOf(items[0]);
  // Not every list is filtered as it was asked.
  if (word(found['reference']) !== reference) throw notOurs('Acme', 'the order has another reference');
  return found;
};

export const adapter: PaymentAdapter<AcmeConfig> = {
  async createDeposit(ctx, order) {
    const { reference, currency, label, returnUrl } = order;
    // Open addresses have none; the manifest does not offer them.
    if (order.amount === null) throw new HubFailure('Unsupported', 'unsupported', 'Acme needs an amount');
    const { amount } = order;
    const body = {
      reference,
      amount: theirAmount(amount),
      currency: currency.alphabeticCode,
      description: label,
      returnUrl,
      callbackUrl: ctx.callbackUrl,
    };
    return change(ctx, { method: 'POST', path: PATHS.payments(), body }, (made) =>
      depositReport(mustBeOurs(made, { reference, amount, currency })),
    );
  },

  async findDeposit(ctx, ref) {
    const found = await find(ctx, PATHS.payments(), ref);
    return found && depositReport(found);
  },

  async createPayout(ctx, order) {
    const { reference, amount, currency, label, destination } = order;
    const body = {
      reference,
      amount: theirAmount(amount),
      currency: currency.alphabeticCode,
      description: label,
      account: destination.address,
      callbackUrl: ctx.callbackUrl,
    };
    return change(ctx, { method: 'POST', path: PATHS.payouts(), body }, (made) =>
      payoutReport(mustBeOurs(made, order)),
    );
  },

  async findPayout(ctx, ref) {
    const found = await find(ctx, PATHS.payouts(), ref);
    return found && payoutReport(found);
  },

  async createRefund(ctx, order) {
    const { reference, amount, currency, deposit } = order;
    const payment = deposit.providerId ?? (await find(ctx, PATHS.payments(), deposit))?.['id'];
    const body = { reference, payment, amount: theirAmount(amount), currency: currency.alphabeticCode };
    return change(ctx, { method: 'POST', path: PATHS.refunds(), body }, (made) =>
      payoutReport(mustBeOurs(made, order)),
    );
  },

  async findRefund(ctx, ref) {
    const found = await find(ctx, PATHS.refunds(), ref);
    return found && payoutReport(found);
  },

  webhook,

  async testConnection(ctx) {
    await get(ctx, PATHS.account());
  },
};
