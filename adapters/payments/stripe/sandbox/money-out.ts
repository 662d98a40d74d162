import { type Account, DAY } from './account.ts';
import { stripeError } from './errors.ts';
import { tell } from './events.ts';
import { chargeOf } from './payments.ts';
import { magicOf, type Thing } from './thing.ts';

export const refund = (account: Account, payment: Thing, asked?: bigint, metadata: Thing['metadata'] = {}): Thing => {
  const of = chargeOf(account, payment);
  const left = of.amount - (of['amount_refunded'] as bigint);
  const amount = asked ?? left;
  if (left === 0n) throw stripeError(400, 'charge_already_refunded', 'The charge has already been refunded.');
  if (amount > left) throw stripeError(400, '', 'Refund amount is greater than unrefunded amount.', 'amount');
  const facts = {
    amount,
    currency: of.currency,
    charge: of.id,
    payment_intent: payment.id,
    metadata,
    status: 'pending',
  };
  const made = account.add('refund', facts);
  const magic = magicOf(made);
  of['amount_refunded'] = of.amount - left + amount;
  made['balance_transaction'] = account.book('refund', made, -amount);
  tell(account, 'charge.refunded', of);
  if (magic === '01') account.later(2000, () => end(account, made, 'succeeded'));
  else end(account, made, magic === '02' ? 'failed' : 'succeeded');
  if (magic === '07') account.later(DAY, () => end(account, made, 'failed'));
  return made;
};

/** Of a refund or a payout. A failure books the money back. */
export const end = (account: Account, made: Thing, status: string): void => {
  made.status = status;
  const isRefund = made.object === 'refund';
  const of = isRefund ? account.known(made['charge']) : made;
  if (status === 'failed') {
    made['failure_balance_transaction'] = account.book(`${made.object}_failure`, made, made.amount);
    made[isRefund ? 'failure_reason' : 'failure_code'] = 'account_closed';
    if (isRefund) of['amount_refunded'] = (of['amount_refunded'] as bigint) - made.amount;
  }
  tell(account, isRefund && status === 'succeeded' ? 'refund.updated' : `${made.object}.${status}`, made, of);
};

/** Whole, or this part of it. */
export const reverse = (account: Account, transfer: Thing, part?: bigint): void => {
  const { id, amount: sent, currency } = transfer;
  const before = transfer['amount_reversed'] as bigint;
  const amount = part ?? sent - before;
  if (amount <= 0n || before + amount > sent) throw new Error('it is reversed, or that is more than is left of it');
  Object.assign(transfer, { amount_reversed: before + amount, reversed: before + amount === sent });
  account.book('transfer_refund', account.add('transfer_reversal', { amount, currency, transfer: id }), amount);
  tell(account, 'transfer.reversed', transfer);
};
