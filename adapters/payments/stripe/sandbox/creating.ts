import { type Account, ACCOUNTS, DAY } from './account.ts';
import { insufficient, missing, stripeError } from './errors.ts';
import { tell } from './events.ts';
import { end, refund, reverse } from './money-out.ts';
import { checked, SHAPES } from './parameters.ts';
import { expire, newPayment } from './payments.ts';
import { magicOf, type Thing } from './thing.ts';

/** The magic of an order that can be sent. */
const sendable = (order: { amount: bigint; currency: string; destination: string }, prefix: string): string => {
  const { destination } = order;
  if (!ACCOUNTS.includes(destination) || !destination.startsWith(prefix))
    throw missing('destination', destination, 'destination', 400);
  const magic = magicOf(order);
  if (magic === '02') throw stripeError(400, 'transfers_not_allowed', 'The destination may not receive this.');
  if (magic === '03') throw insufficient();
  return magic;
};

const payable = (amount: bigint): void => {
  if (amount < 50n) throw stripeError(400, 'amount_too_small', 'The amount is below the smallest charge, 50.');
  if (amount > 99_999_999n) throw stripeError(400, 'amount_too_large', 'Amount must be no more than 99999999.');
};

/** What a POST to a path makes. `page`: where hosted pages are. */
export const CREATING: Record<string, (account: Account, given: unknown, page: string) => Thing> = {
  '/checkout/sessions': (account, given, page) => {
    const {
      line_items: items,
      payment_intent_data: payment,
      expand: _expand,
      ...rest
    } = checked(SHAPES.session, given);
    const { unit_amount: amount, currency, product_data: product } = items[0].price_data;
    payable(amount);
    const state = { status: 'open', payment_status: 'unpaid', payment_intent: null, _payment: payment.metadata };
    const ours = {
      amount_total: amount,
      currency,
      expires_at: Math.floor((account.now() + DAY) / 1000),
      _name: product.name,
    };
    const session = account.add('checkout.session', { ...rest, ...state, ...ours });
    session['url'] = `${page}/${session.id}`;
    account.later(DAY, () => expire(account, session));
    return session;
  },
  '/payment_intents': (account, given) => {
    const { amount, currency, metadata } = checked(SHAPES.payment, given);
    payable(amount);
    const made = newPayment(account, { amount, currency, metadata });
    return Object.assign(made, { client_secret: `${made.id}_secret_sandbox` });
  },
  '/refunds': (account, given) => {
    const { payment_intent: id, amount, metadata } = checked(SHAPES.refund, given);
    const payment = account.things.get(id);
    if (payment?.object !== 'payment_intent') throw missing('payment_intent', id, 'payment_intent', 404);
    if (amount !== undefined && magicOf({ ...payment, amount }) === '03') throw insufficient();
    return refund(account, payment, amount, metadata);
  },
  '/transfers': (account, given) => {
    const { expand: _expand, ...order } = checked(SHAPES.transfer, given);
    const magic = sendable(order, 'acct_');
    const made = account.add('transfer', { transfer_group: null, ...order, amount_reversed: 0n, reversed: false });
    account.book('transfer', made, -order.amount);
    tell(account, 'transfer.created', made);
    if (magic === '07') account.later(DAY, () => reverse(account, made));
    return made;
  },
  '/payouts': (account, given) => {
    const { expand: _expand, ...order } = checked(SHAPES.payout, given);
    const magic = sendable(order, 'ba_');
    const made = account.add('payout', {
      ...order,
      status: 'pending',
      arrival_date: Math.floor(account.now() / 1000),
      method: 'standard',
    });
    account.book('payout', made, -order.amount);
    tell(account, 'payout.created', made);
    if (magic !== '10') account.later(magic === '01' ? 2000 : 20, () => end(account, made, 'paid'));
    if (magic === '07') account.later(DAY, () => end(account, made, 'failed'));
    return made;
  },
  '/webhook_endpoints': (account, given) =>
    account.add('webhook_endpoint', { ...checked(SHAPES.endpoint, given), secret: account.signedWith[0] }),
};
