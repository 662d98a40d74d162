import type { Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type LedgerTransfer, post } from '../../db/repositories/ledger.ts';
import type { PayoutBooks } from '../../db/repositories/payout-books.ts';
import { providerSide, reachStage, refundedBy, type TransactionRow } from '../../db/repositories/transactions.ts';
import { clearingCode, exchangeCode, suspenseCode, walletCode } from '../../domain/chart-of-accounts.ts';
import { add, type Amount, atLeastZero, compare, divide, isPositive, least, subtract } from '../../domain/money.ts';
import { chargeFor } from '../../domain/rates.ts';
import type { Tools } from '../kit/activity.ts';
import { noteNotGivenBack } from '../transactions/refunds.ts';
import { exchangedWith } from './book-payout.ts';

/** `amount` came back of a payout that is done, all parts together: books what is not booked yet. */
export const bookReturn = async (
  db: Queryable,
  payout: TransactionRow,
  books: PayoutBooks,
  { amount, providerStatus, run }: { amount: Amount; providerStatus: string; run: Tools['run'] },
): Promise<void> => {
  const { transactionId } = payout;
  const part = partOf(payout, books, subtract(amount, books.back));
  const { alphabeticCode } = providerSide(payout).currency;
  await reachStage(db, transactionId, 'returned', {
    providerStatus,
    resolution: 'The provider gave the money back.',
    ...(compare(amount, books.paid) > 0 && {
      needsHuman: `The provider gave ${amount} ${alphabeticCode} back, of which ${books.paid} had been paid: the rest is in suspense.`,
    }),
  });
  const key = `transaction:${transactionId}:return${books.parts === 0 ? '' : `:${books.parts + 1}`}`;
  await post(db, key, returned(payout, part));
  const refundOf = refundedBy(payout);
  if (refundOf !== null) await noteNotGivenBack(db, refundOf);
  const object = `transaction:${transactionId}`;
  await recordAudit(db, { actor: 'workflow', action: 'payout.returned', object, after: { amount, ...part }, ...run });
};

interface Part {
  /** In the currency of the provider: for the client, and for nobody who was charged. */
  forClient: Amount;
  forSuspense: Amount;
  /** What the client's part is worth in the currency of his account. */
  worth: Amount;
}

/** What had left by mistake comes back first: as long as the rest is out its beneficiary has what he was to get. The client never gets more than he was charged for it. */
const partOf = (payout: TransactionRow, books: PayoutBooks, part: Amount): Part => {
  const { paid, tooMuch, back, backToBroker } = books;
  const byMistake = least(part, atLeastZero(subtract(tooMuch, backToBroker)));
  const backToClient = subtract(back, backToBroker);
  const forClient = least(subtract(part, byMistake), atLeastZero(subtract(subtract(paid, tooMuch), backToClient)));
  const worth = atLeastZero(subtract(worthOf(payout, add(backToClient, forClient)), books.given));
  return { forClient, forSuspense: subtract(part, forClient), worth: payout.exchange ? worth : forClient };
};

/** At the rate it left at. All of it is worth what was charged, to the last digit. */
const worthOf = (payout: TransactionRow, amount: Amount): Amount => {
  const { exchange, currency } = payout;
  if (!exchange) return amount;
  const charged = chargeFor(exchange.amount!, exchangedWith(payout));
  const isWhole = compare(amount, exchange.amount!) >= 0;
  return isWhole ? charged : least(charged, divide(amount, exchange.rate!, currency.minorUnit, 'down'));
};

const returned = (payout: TransactionRow, { forClient, forSuspense, worth }: Part): LedgerTransfer[] => {
  const theirs = providerSide(payout).currency.alphabeticCode;
  const clearing = clearingCode(payout.connectionId!, theirs);
  const wallet = walletCode(payout.debitAccountId!);
  const toClient = payout.exchange
    ? [
        { from: clearing, to: exchangeCode(theirs), amount: forClient },
        { from: exchangeCode(payout.currency.alphabeticCode), to: wallet, amount: worth },
      ]
    : [{ from: clearing, to: wallet, amount: forClient }];
  return [...toClient, { from: clearing, to: suspenseCode(theirs), amount: forSuspense }]
    .filter(({ amount }) => isPositive(amount))
    .map((one) => ({ do: 'post', ...one }));
};
