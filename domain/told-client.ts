import type { Reason } from './reasons.ts';

/** A no without a comment. */
export const REJECTED = 'Rejected by an operator.';

/** What the client did, or can do something about: said to him as it is. */
const HIS: ReadonlySet<string> = new Set<Reason | 'rejected' | 'expired'>([
  'rejected',
  'expired',
  'insufficient_funds',
  'amount_too_small',
  'amount_too_big',
  'limit_exceeded',
  'currency_mismatch',
  'too_many_decimals',
  'restricted',
  'address_not_whitelisted',
  'rate_unavailable',
]);

/**
 * What a client reads of a movement that did not reach `done`. `issue` is written for operators: it may quote a provider, a setting, or a suspicion that must
 * not be told to the one it is about.
 */
export const toldClient = (reason: string, issue: string): string => {
  if (HIS.has(reason)) return issue;
  switch (reason) {
    case 'cancelled':
      return 'Cancelled.';
    case 'provider_refused':
      return 'The payment provider declined it.';
    default:
      return 'It could not be completed.';
  }
};
