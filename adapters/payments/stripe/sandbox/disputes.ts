import type { Account } from './account.ts';
import { tell } from './events.ts';
import type { Thing } from './thing.ts';

/** In cents, whatever becomes of the dispute. */
const DISPUTE_FEE = 1500n;

/** The payer's bank takes a charge back, or, when it asked before, makes its inquiry a dispute. */
export const dispute = (account: Account, of: Thing, status: string): void => {
  const asked = disputeOf(account, of, 'warning_needs_response');
  const made = asked ?? opened(account, of, status);
  made.status = status;
  of['disputed'] = true;
  move(account, made, -made.amount, DISPUTE_FEE);
  tell(account, asked ? 'charge.dispute.updated' : 'charge.dispute.created', made, of);
};

/** The payer's bank only asks. */
export const inquire = (account: Account, of: Thing): void =>
  tell(account, 'charge.dispute.created', opened(account, of, 'warning_needs_response'), of);

export const endDispute = (account: Account, of: Thing, status: string): void => {
  const open = disputeOf(account, of, 'needs_response');
  if (!open) throw new Error('it has no open dispute');
  open.status = status;
  if (status === 'won') move(account, open, open.amount);
  tell(account, 'charge.dispute.closed', open, of);
};

const opened = (account: Account, of: Thing, status: string): Thing => {
  const { id: charged, payment_intent = null, amount, currency } = of;
  const facts = { charge: charged, payment_intent, amount, currency, reason: 'fraudulent', status };
  return account.add('dispute', { ...facts, balance_transactions: [] });
};

const disputeOf = (account: Account, of: Thing, status: string): Thing | undefined =>
  account.all('dispute').find((one) => one['charge'] === of.id && one.status === status);

const move = (account: Account, of: Thing, amount: bigint, fee = 0n): void => {
  const moved = account.known(account.book('adjustment', of, amount, fee));
  of['balance_transactions'] = [...(of['balance_transactions'] as Thing[]), moved];
};
