import { HubFailure } from '../../../domain/failures.ts';
import { notOurs } from '../../kit/answers.ts';
import { objectOf, word } from '../../kit/json.ts';
import type { DepositOrder, PaymentAdapter, PayoutOrder, ProviderRef, RefundOrder } from '../../kit/payments.ts';
import {
  type Context,
  type PAYOUT_WAYS,
  type Params,
  type StripeConfig,
  type Thing,
  all,
  create,
  each,
  get,
} from './client.ts';

import { depositReport, moneyParams, movementOf, payoutReport, referenceOf } from './map.ts';
import { webhook } from './webhook.ts';

/** A page lives 24 hours at most; the rest is for their clock and for an index that lags. */
const PAGES_SINCE_S = 25 * 3600;

/**
 * Our names on their objects. `hub_callback` is nothing to Stripe, whose callbacks go to the endpoints of the dashboard: it tells people there which
 * installation made the payment, and the sandbox, which has no dashboard, where to call.
 */
const labels = (ctx: Context, reference: string, client?: string, under = 'metadata'): Params => ({
  [`${under}[hub_reference]`]: reference,
  [`${under}[hub_callback]`]: ctx.callbackUrl,
  ...(client !== undefined && { [`${under}[hub_client]`]: client }),
});

/** No parameter may depend on the time: a repeat has to be the same request, or their key refuses it. */
const createDeposit = async (ctx: Context, { reference, flow, amount, currency, label, ...order }: DepositOrder) => {
  if (flow !== 'invoice') throw new HubFailure('Unsupported', 'unsupported', 'Stripe has no addresses to pay to');
  if (amount === null)
    throw new HubFailure('InvalidInput', 'validation', 'A payment page needs an amount', { field: 'amount' });
  const money = moneyParams(amount, currency);
  const back = order.returnUrl ?? ctx.config.returnUrl;
  const session = await create(
    ctx,
    '/checkout/sessions',
    {
      mode: 'payment',
      client_reference_id: reference,
      'line_items[0][quantity]': '1',
      'line_items[0][price_data][currency]': money.currency,
      'line_items[0][price_data][unit_amount]': money.amount,
      'line_items[0][price_data][product_data][name]': label,
      success_url: back,
      cancel_url: back,
      ...labels(ctx, reference),
      ...labels(ctx, reference, order.payer?.clientId, 'payment_intent_data[metadata]'),
    },
    reference,
  );
  assertOurs(session, reference);
  assertSame(session, session.amount_total, money);
  return depositReport(session);
};

const findDeposit = async (ctx: Context, ref: ProviderRef) => {
  const session = await findSession(ctx, ref);
  if (!session) return null;
  const payment = objectOf(session.payment_intent);
  if (objectOf(payment.latest_charge).status !== 'succeeded') return depositReport(session);
  const of = { payment_intent: word(payment.id) };
  const refunds = await all(ctx, '/refunds', of);
  const disputes = await all(ctx, '/disputes', of);
  // Refunds the hub ordered carry a reference and are booked under it.
  return depositReport(
    session,
    refunds.filter((refund) => referenceOf(refund) === ''),
    disputes,
  );
};

/** By their id, else by our reference; the README says why that is enough. */
const findSession = async (ctx: Context, { reference, providerId }: ProviderRef): Promise<Thing | null> => {
  const known = providerId === undefined ? null : await getPage(ctx, providerId);
  const session = known ?? (await searchPaid(ctx, reference)) ?? (await listRecent(ctx, reference));
  if (session) assertOurs(session, reference);
  return session;
};

/** Finds what was paid, however long ago, but knows of it a minute later at best: a miss proves nothing. */
const searchPaid = async (ctx: Context, reference: string): Promise<Thing | null> => {
  const query = `metadata['hub_reference']:'${reference}'`;
  const found = await get(ctx, '/payment_intents/search', { query });
  const [payment, ...more] = Array.isArray(found?.data) ? found.data.map(objectOf) : [];
  if (more.length > 0) throw notOurs('Stripe', 'several payments carry one reference');
  return payment ? firstPage(ctx, { payment_intent: word(payment.id) }, reference) : null;
};

const listRecent = (ctx: Context, reference: string): Promise<Thing | null> =>
  firstPage(ctx, { 'created[gte]': String(Math.floor(ctx.now() / 1000) - PAGES_SINCE_S) }, reference);

const firstPage = async (ctx: Context, by: Params, reference: string): Promise<Thing | null> => {
  const page = await first(each(ctx, '/checkout/sessions', by), (one) => word(one.client_reference_id) === reference);
  return page && getPage(ctx, word(page.id));
};

const getPage = (ctx: Context, id: string): Promise<Thing | null> =>
  get(ctx, `/checkout/sessions/${encodeURIComponent(id)}`, {
    'expand[]': 'payment_intent.latest_charge.balance_transaction',
  });

const first = async (things: AsyncIterable<Thing>, isIt: (thing: Thing) => boolean): Promise<Thing | null> => {
  for await (const thing of things) if (isIt(thing)) return thing;
  return null;
};

// Money out -----------------------------------------------------------------------------------------------------------

const DESTINATIONS: [(typeof PAYOUT_WAYS)[number], RegExp][] = [
  ['connected_account', /^acct_\w{1,64}$/],
  ['own_bank', /^ba_\w{1,64}$/],
  ['card_refund', /^pi_\w{1,64}$/],
];
const PATHS: Record<string, string> = { tr: '/transfers', po: '/payouts', re: '/refunds', pyr: '/refunds' };

const createPayout = async (ctx: Context, order: PayoutOrder) => {
  const to = order.destination.address;
  const way = DESTINATIONS.find(([, shape]) => shape.test(to))?.[0];
  if (!way || !ctx.config.payoutTo.includes(way))
    throw new HubFailure('InvalidInput', 'validation', 'This connection does not pay there', { field: 'destination' });
  const { currency } = moneyParams(order.amount, order.currency);
  if (way === 'connected_account')
    return give(ctx, '/transfers', { currency, destination: to, transfer_group: order.reference }, order);
  if (way === 'own_bank') return give(ctx, '/payouts', { currency, destination: to }, order);
  const payment = await get(ctx, `/payment_intents/${to}`);
  const payer = word(objectOf(payment?.metadata).hub_client);
  if (payer === '' || payer !== order.payer?.clientId)
    throw new HubFailure('Rejected', 'restricted', 'This payment is not known to be of the client');
  return give(ctx, '/refunds', { payment_intent: to }, order);
};

const createRefund = async (ctx: Context, order: RefundOrder) => {
  const payment = word(objectOf((await findSession(ctx, order.deposit))?.payment_intent).id);
  if (payment === '') throw new HubFailure('Rejected', 'provider_refused', 'Stripe has no payment for this deposit');
  return give(ctx, '/refunds', { payment_intent: payment }, order);
};

const give = async (ctx: Context, path: string, to: Params, { reference, ...order }: PayoutOrder | RefundOrder) => {
  const money = moneyParams(order.amount, order.currency);
  const made = await create(ctx, path, { amount: money.amount, ...to, ...labels(ctx, reference) }, reference);
  assertSame(made, made.amount, money);
  if (referenceOf(made) !== reference) throw notOurs('Stripe', 'the answer carries another reference');
  return payoutReport(made);
};

/** All three ways are read, whatever the settings say by now: an order may be older than they. */
const findPayout = async (ctx: Context, { reference, providerId }: ProviderRef) => {
  const known = await byId(ctx, reference, providerId);
  const found =
    known ??
    (await byReference(ctx, '/transfers', { transfer_group: reference }, reference)) ??
    (await byReference(ctx, '/payouts', {}, reference)) ??
    (await byReference(ctx, '/refunds', {}, reference));
  return found && payoutReport(found);
};

const findRefund = async (ctx: Context, { reference, providerId, deposit }: ProviderRef & { deposit: ProviderRef }) => {
  const known = await byId(ctx, reference, providerId);
  if (known) return payoutReport(known);
  const payment = word(objectOf((await findSession(ctx, deposit))?.payment_intent).id);
  const found = payment && (await byReference(ctx, '/refunds', { payment_intent: payment }, reference));
  return found ? payoutReport(found) : null;
};

const byId = async (ctx: Context, reference: string, providerId = ''): Promise<Thing | null> => {
  const path = PATHS[providerId.split('_')[0]!];
  const thing = path === undefined ? null : await get(ctx, `${path}/${encodeURIComponent(providerId)}`);
  if (thing && referenceOf(thing) !== reference) throw notOurs('Stripe', 'the object carries another reference');
  return thing;
};

const byReference = (ctx: Context, path: string, by: Params, reference: string): Promise<Thing | null> =>
  first(each(ctx, path, by), (thing) => referenceOf(thing) === reference);

// -----------------------------------------------------------------------------------------------------------------

const assertOurs = (session: Thing, reference: string): void => {
  if (word(session.client_reference_id) !== reference) throw notOurs('Stripe', 'the page carries another reference');
};

const assertSame = (thing: Thing, amount: unknown, money: { amount: string; currency: string }): void => {
  if (thing.currency !== money.currency)
    throw notOurs('Stripe', 'the answer is in another currency', 'currency_mismatch');
  if (amount !== money.amount) throw notOurs('Stripe', 'the answer is about another amount');
};

const listMovements = async (ctx: Context, { from, to }: { from: number; to: number }) => {
  const seconds = (ms: number) => String(Math.ceil(ms / 1000));
  const window = { 'created[gte]': seconds(from), 'created[lt]': seconds(to), 'expand[]': 'data.source' };
  return (await all(ctx, '/balance_transactions', window)).flatMap(movementOf);
};

const testConnection = async (ctx: Context): Promise<void> => {
  if (!(await get(ctx, '/balance')))
    throw new HubFailure('Config', 'provider_misconfigured', 'Stripe shows no balance');
};

export const adapter: PaymentAdapter<StripeConfig> = {
  createDeposit,
  findDeposit,
  createPayout,
  findPayout,
  createRefund,
  findRefund,
  listMovements,
  testConnection,
  webhook,
};
