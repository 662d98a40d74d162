import type { SandboxBookEntry } from '../../../kit/sandbox.ts';
import type { Account } from './account.ts';
import { major, stateOf, type Thing } from './thing.ts';

const KINDS = { charge: 'deposit', transfer: 'payout', payout: 'payout', refund: 'refund' } as const;

/** Every movement of money that took effect. */
export const books = (account: Account): SandboxBookEntry[] =>
  Object.keys(KINDS)
    .flatMap((object) => account.all(object))
    .map((one) => bookEntry(account, one));

const bookEntry = (account: Account, one: Thing): SandboxBookEntry => {
  const lost = account.all('dispute').some((it) => it['charge'] === one.id && it.status === 'lost');
  const state =
    lost || ['failed', 'reversed'].includes(stateOf(one))
      ? 'returned'
      : stateOf(one) === 'pending'
        ? 'processing'
        : 'succeeded';
  const page = account
    .all('checkout.session')
    .find((it) => one.object === 'charge' && it.payment_intent === one.payment_intent);
  const kind = KINDS[one.object as keyof typeof KINDS];
  return {
    kind,
    reference: one.metadata['hub_reference'] ?? '',
    amount: major(one),
    currency: one.currency.toUpperCase(),
    state,
    id: (page ?? one).id,
    ...(kind === 'deposit' && { fee: feeOf(account, one) }),
  };
};

/** With those of its disputes. */
const feeOf = (account: Account, charge: Thing): string => {
  const about = [charge.id, ...account.all('dispute').flatMap((it) => (it['charge'] === charge.id ? [it.id] : []))];
  const entries = account.all('balance_transaction').filter((it) => about.includes(String(it['source'])));
  return major({ amount: entries.reduce((total, it) => total + (it['fee'] as bigint), 0n), currency: charge.currency });
};
