import { HubFailure, isHubFailure } from '../../../domain/failures.ts';
import { garbage, notOurs } from '../../kit/answers.ts';
import { isObject, jsonNumber, objectOf, word } from '../../kit/json.ts';
import type { DepositReport, Payer, PaymentAdapter, PayoutOrder, ProviderRef } from '../../kit/payments.ts';
import { call, type Context, findOrder, type Members, type Order } from './client.ts';
import type { PraxisConfig } from './config.ts';
import { depositReport, minorOf, payoutReport } from './map.ts';
import { webhook } from './webhook.ts';

type Asked = Pick<PayoutOrder, 'reference' | 'currency' | 'label'> & {
  amount: string;
  returnUrl?: string;
  payer?: Payer;
};

/** Opens the cashier. `read` where a lost answer costs nothing, because nobody was shown the page. */
const openSession = async (ctx: Context, intent: 'payment' | 'withdrawal', asked: Asked, effect: 'read' | 'write') => {
  const { reference, currency, label, payer } = asked;
  const minor = minorOf(ctx.config, asked.amount, currency);
  const body = await call(
    ctx,
    '/cashier/cashier',
    effect,
    { intent, cid: payer?.clientId ?? label.slice(0, 50), order_id: reference },
    {
      currency: currency.alphabeticCode,
      amount: jsonNumber(minor),
      locale: payer?.locale?.replace('_', '-') ?? 'en-GB',
      customer_data: payer ? customerData(payer) : null,
      notification_url: ctx.callbackUrl,
      return_url: asked.returnUrl ?? null,
      validation_url: null,
      variable1: reference,
    },
  );
  const session = objectOf(body.session);
  const url = word(body.redirect_url);
  if (!URL.canParse(url) || !/^https?:/i.test(url))
    throw garbage({ provider: 'Praxis', what: 'POST /cashier/cashier', effect });
  mustBe(asked, minor, session.order_id, session.currency, session.amount);
  return { session, action: { kind: 'redirect', url } as const };
};

const customerData = ({ firstName, lastName, birthday, email, phone, country, city }: Payer) => ({
  country: country ?? null,
  first_name: firstName ?? null,
  last_name: lastName ?? null,
  // MM/DD/YYYY
  dob: birthday?.replace(/^(\d{4})-(\d\d)-(\d\d)$/, '$2/$3/$1') ?? null,
  email: email ?? null,
  phone: phone?.replace(/\D/g, '') ?? null,
  city: city ?? null,
});

/** What they hold under our reference must be what we asked for, to the digit. */
const mustBe = (
  { reference, currency }: Asked,
  minor: string,
  ...[id, code, amount]: (Members[string] | undefined)[]
) => {
  if (word(id) !== reference) throw notOurs('Praxis', 'the order has another reference');
  if (word(code) !== currency.alphabeticCode) throw notOurs('Praxis', 'the order is in another currency', 'currency_mismatch'); // prettier-ignore
  if (word(amount) !== minor) throw notOurs('Praxis', 'the order is for another amount');
};

const findDeposit = async (ctx: Context, { reference }: ProviderRef): Promise<DepositReport | null> => {
  const order = await findOrder(ctx, reference);
  return order && depositReport(ctx, order, { kind: 'none' });
};

/** What the client asked for on the page is not yet a payout: that begins with our order to complete it. */
const isBegun = (order: Order): order is Order & { transaction: Members } =>
  order.transaction !== null && word(order.transaction.transaction_status) !== 'requested';

const findPayout = async (ctx: Context, { reference }: ProviderRef) => {
  const order = await findOrder(ctx, reference);
  return order && isBegun(order) ? payoutReport(ctx, order) : null;
};

const manage = async (ctx: Context, verb: 'complete' | 'cancel', { session, transaction }: Order) => {
  const tid = word(transaction?.tid);
  const gateway = word(transaction?.gateway) || ctx.config.payoutGateway;
  const body = await call(
    ctx,
    '/agent/manage-withdrawal-request',
    'write',
    { intent: `${verb}-withdrawal-request`, withdrawal_request_id: tid },
    { withdrawal_request_id: jsonNumber(tid), ...(verb === 'complete' && { gateway: gateway ?? null }) },
  );
  const asked = { provider: 'Praxis', what: 'POST /agent/manage-withdrawal-request', effect: 'write' } as const;
  if (!isObject(body.transaction)) throw garbage(asked);
  if (word(body.transaction.tid) !== tid) throw notOurs('Praxis', 'the answer is about another withdrawal request');
  return { session, transaction: body.transaction };
};

const saidNo = (error: unknown): boolean => isHubFailure(error) && error.type === 'Rejected';

/** Completes the client's own withdrawal request. Looks first: one that began already, whoever began it, is never sent again. */
const createPayout = async (ctx: Context, order: PayoutOrder) => {
  const minor = minorOf(ctx.config, order.amount, order.currency);
  const check = ({ session, transaction }: Order) =>
    mustBe(order, minor, session.order_id, transaction?.currency, transaction?.amount);
  let found = await findOrder(ctx, order.reference);
  if (!found) {
    await openSession(ctx, 'withdrawal', order, 'read');
    found = await findOrder(ctx, order.reference);
  }
  if (!found?.transaction) {
    if (!found || word(found.session.session_status) === 'open')
      throw new HubFailure('Unavailable', 'provider_unavailable', 'The client has not said at Praxis yet where to pay');
    throw new HubFailure('Rejected', 'provider_refused', 'The client did not say at Praxis in time where to pay');
  }
  check(found);
  if (isBegun(found)) return payoutReport(ctx, found);
  const begun = await manage(ctx, 'complete', found).catch(async (error: unknown) => {
    // Refused, because somebody began it a moment ago? Then it must not count as refused.
    const now = saidNo(error) ? await findOrder(ctx, order.reference).catch(() => null) : null;
    if (now && isBegun(now)) return now;
    throw error;
  });
  check(begun);
  return payoutReport(ctx, begun);
};

export const adapter: PaymentAdapter<PraxisConfig> = {
  createDeposit: async (ctx, order) => {
    const { amount } = order;
    if (amount === null || order.flow !== 'invoice')
      throw new HubFailure('Unsupported', 'unsupported', 'Praxis opens a page for an amount');
    const { session, action } = await openSession(ctx, 'payment', { ...order, amount }, 'write');
    return depositReport(ctx, { session, transaction: null }, action);
  },
  findDeposit,
  createPayout,
  findPayout,
  preparePayout: async (ctx, order) => ({ action: (await openSession(ctx, 'withdrawal', order, 'write')).action }),
  findPreparedPayout: async (ctx, { reference }) => {
    const found = await findOrder(ctx, reference);
    if (!found || found.transaction) return found && 'ready';
    return word(found.session.session_status) === 'open' ? 'waiting' : 'over';
  },
  cancelPayout: async (ctx, { reference }) => {
    const found = await findOrder(ctx, reference);
    if (!found?.transaction) return null;
    return payoutReport(ctx, isBegun(found) ? found : await manage(ctx, 'cancel', found));
  },
  webhook,
  /** Asks for an order nobody has: who signs wrongly is not even told that. */
  testConnection: async (ctx) => {
    await call(ctx, '/agent/find-order', 'read', { order_id: 'connection-test' }).catch((error: unknown) => {
      if (!isHubFailure(error) || (error.type !== 'NotFound' && !saidNo(error))) throw error;
    });
  },
};
