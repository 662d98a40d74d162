import { toMinor } from '../../../../domain/money.ts';
import { paidOf } from '../../../kit/sandbox-psp.ts';
import { exponentOf } from '../map.ts';
import { type Account, DAY } from './account.ts';
import { dispute } from './disputes.ts';
import { stripeError } from './errors.ts';
import { tell } from './events.ts';
import { magicOf, major, type Thing } from './thing.ts';

const charge = (account: Account, payment: Thing, amount: bigint): void => {
  const { currency, metadata, id } = payment;
  const facts = {
    amount,
    amount_refunded: 0n,
    currency,
    metadata,
    payment_intent: id,
    status: 'succeeded',
    paid: true,
  };
  const made = account.add('charge', { ...facts, disputed: false });
  made['balance_transaction'] = account.book('charge', made, amount, amount / 50n);
  Object.assign(payment, {
    status: 'succeeded',
    amount_received: amount,
    latest_charge: made.id,
    last_payment_error: null,
  });
  tell(account, 'payment_intent.succeeded', payment);
  tell(account, 'charge.succeeded', made);
};

export const chargeOf = (account: Account, { id }: Thing): Thing => {
  const found = account.all('charge').find((one) => one.payment_intent === id);
  if (!found) throw stripeError(400, 'charge_not_captured', 'This PaymentIntent has no successful charge.');
  return found;
};

export const decline = (account: Account, payment: Thing, code: string): void => {
  const message = code === 'insufficient_funds' ? 'Your card has insufficient funds.' : 'Your card was declined.';
  const last_payment_error = { type: 'card_error', code: 'card_declined', decline_code: code, message };
  Object.assign(payment, { status: 'requires_payment_method', last_payment_error });
  tell(account, 'payment_intent.payment_failed', payment);
};

export const newPayment = (account: Account, facts: Partial<Thing>): Thing =>
  account.add('payment_intent', {
    ...facts,
    amount_received: 0n,
    status: 'requires_payment_method',
    latest_charge: null,
  });

/** They make it when the payer first tries. */
export const paymentOf = (account: Account, session: Thing): Thing => {
  const { currency, amount_total: amount, _payment: metadata } = session as Thing & { _payment: Thing['metadata'] };
  session.payment_intent ??= newPayment(account, { amount: amount!, currency, metadata }).id;
  return account.known(session.payment_intent);
};

const close = (
  account: Account,
  session: Thing,
  status: string,
  event: string,
  payment_status = session['payment_status'],
): void => {
  Object.assign(session, { status, url: null, payment_status });
  tell(account, `checkout.session.${event}`, session);
};

export const expire = (account: Account, session: Thing): void => {
  if (session.status === 'open') close(account, session, 'expired', 'expired');
};

/** By a method that tells later how it went (bank debits): after two seconds. */
export const payLater = (account: Account, session: Thing, succeeds: boolean): void => {
  const payment = paymentOf(account, session);
  payment.status = 'processing';
  close(account, session, 'complete', 'completed');
  account.later(2000, () => {
    if (succeeds) charge(account, payment, payment.amount);
    else decline(account, payment, 'generic_decline');
    if (succeeds) close(account, session, 'complete', 'async_payment_succeeded', 'paid');
    else close(account, session, 'complete', 'async_payment_failed');
  });
};

/** The payer pays on the page. Without an amount: what is asked, times what the magic says. */
export const pay = (account: Account, session: Thing, how: { amount?: string; currency?: string } = {}): void => {
  if (session.status !== 'open') throw new Error(`the page is ${session.status}`);
  const magic = how.amount === undefined ? magicOf(session) : '';
  if (magic === '06') return expire(account, session);
  if (magic === '03') return decline(account, paymentOf(account, session), 'insufficient_funds');
  if (magic === '01' || magic === '02') return payLater(account, session, magic === '01');
  const payment = paymentOf(account, session);
  if (how.currency !== undefined) payment.currency = how.currency.toLowerCase();
  const decimals = exponentOf(session.currency);
  const amount = how.amount ?? paidOf(major(session), decimals, magic);
  charge(account, payment, BigInt(toMinor(amount, decimals)));
  close(account, session, 'complete', 'completed', 'paid');
  if (magic === '07') account.later(DAY, () => dispute(account, chargeOf(account, payment), 'lost'));
};
