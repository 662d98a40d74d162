import { HubFailure } from '../../domain/failures.ts';
import { fixed, isPositive, type Amount } from '../../domain/money.ts';
import type { BalanceOperation } from './trading.ts';

/** The amount with exactly the decimals the platform keeps for it. Throws `InvalidInput` for a finer one and for nothing. */
export const exactAmount = (amount: Amount, decimals: number): Amount => {
  if (!isPositive(amount)) throw new HubFailure('InvalidInput', 'amount_too_small', 'the amount must be positive');
  return fixed(amount, decimals);
};

export const takesOut = (kind: BalanceOperation['kind']): boolean => kind === 'withdraw' || kind === 'credit_out';

/** The key comes first, so that no cut at the platform can reach it; signs that some platforms cannot keep are left out. */
export const commentOf = (operationKey: string, text: string, length: number): string =>
  `${operationKey} ${text.replace(/[^\p{L}\p{N}\p{P}\p{Zs}]/gu, '')}`.slice(0, length).toWellFormed().trimEnd();

/** Of a comment in the platform's books: our key, when it begins with one. */
export const keyed = (comment: string): { comment: string; operationKey?: string } => {
  const operationKey = /^K[0-9A-Z]{12}(?= |$)/.exec(comment)?.[0];
  return { comment, ...(operationKey !== undefined && { operationKey }) };
};

export const assertCurrency = (wanted: string, found: string): void => {
  if (wanted !== found)
    throw new HubFailure('Rejected', 'currency_mismatch', `the group is kept in ${found}, not in ${wanted}`);
};
