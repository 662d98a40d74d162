import { providerSide, type TransactionRow } from '../../db/repositories/transactions.ts';
import { type Amount, subtract } from '../../domain/money.ts';

/** What the beneficiary of a payout gets: the amount less the broker's commission, or what that makes in the currency he gets it in. */
export const beneficiarySide = (payout: TransactionRow): { amount: Amount; currency: TransactionRow['currency'] } => {
  const { amount, currency } = providerSide(payout);
  return { amount: payout.exchange ? amount! : subtract(payout.amount, payout.vendorCommission), currency };
};
