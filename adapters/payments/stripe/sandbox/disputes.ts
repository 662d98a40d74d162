import type { Account } from './account.ts';
import { tell } from './events.ts';
import type { Thing } from './thing.ts';

/** The payer's bank takes a charge back. */
export const dispute = (account: Account, of: Thing, status: string): void => {
  const { id: charged, payment_intent = null, amount, currency } = of;
  const facts = { charge: charged, payment_intent, amount, currency, reason: 'fraudulent', status };
  const made = account.add('dispute', facts);
  account.book('adjustment', made, -amount);
  of['disputed'] = true;
  tell(account, 'charge.dispute.created', made, of);
};

export const endDispute = (account: Account, of: Thing, status: string): void => {
  const open = account.all('dispute').find((one) => one['charge'] === of.id && one.status === 'needs_response');
  if (!open) throw new Error('it has no open dispute');
  open.status = status;
  if (status === 'won') account.book('adjustment', open, open.amount);
  tell(account, 'charge.dispute.closed', open, of);
};
