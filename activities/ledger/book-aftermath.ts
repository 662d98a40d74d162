import type { PayoutState } from '../../adapters/kit/payments.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type PayoutBooks, payoutBooks } from '../../db/repositories/payout-books.ts';
import { lockRefunded } from '../../db/repositories/refunds.ts';
import { settledOf } from '../../db/repositories/settled-payments.ts';
import { lockTransaction, providerSide, type TransactionRow } from '../../db/repositories/transactions.ts';
import { askAbout, askedAbout } from '../../db/repositories/unsettled.ts';
import { type Amount, compare, equal, isPositive, round, subtract } from '../../domain/money.ts';
import { isFinal } from '../../domain/stages.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import type { Aftermath } from '../payments/find-aftermath.ts';
import { bookReturn } from './book-return.ts';

export interface AftermathInput {
  transactionId: number;
  seen: Aftermath;
}

export interface AftermathBooked {
  outcome: string;
  /** What a person has to settle. Absent in histories of before, and when nobody has to. */
  why?: string;
}

/**
 * What happened to a payout after its end. What came back after `done` the client gets, each part once, and never more than he was charged. Everything else in which
 * the provider contradicts our books is put before a person: paid although it ended otherwise, not paid although it is done, back without an amount. Once a person was asked, or a
 * correction settles it, also what comes back is his to book: he may have given it to the client. What he has settled is asked again only when the provider says something else.
 */
export const bookAftermath: Activity<AftermathInput, AftermathBooked> = async (
  { transactionId, seen },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    await lockRefunded(db, transactionId);
    const payout = await lockTransaction(db, transactionId);
    // Its run was ended from outside: who goes on with it asks the provider himself.
    if (!isFinal(payout.stage)) return { outcome: 'not over yet' };
    const named = aftermathNamed(payout, seen);
    const settled = [...(await settledOf(db, payout.reference)).keys()];
    if (settled.includes(named)) return { outcome: 'nothing new' };
    const books = await payoutBooks(db, transactionId);
    const standing = await askedAbout(db, transactionId);
    // Whoever is asked about an odd amount that was paid is asked nothing about its aftermath.
    const isAsked = isPositive(books.paid) ? standing.asked?.startsWith(PAYOUT) === true : standing.why !== null;
    const word = compared(payout, books, seen);
    if (word === 'as booked' && settled.length === 0 && !isAsked)
      return { outcome: payout.stage === 'returned' ? 'returned' : 'nothing new' };
    const came = cameBack(payout, seen);
    if (word === 'more came back' && settled.length === 0 && !isAsked && books.corrections.length === 0) {
      await bookReturn(db, payout, books, { amount: came!, providerStatus: seen.providerStatus, run });
      return { outcome: 'returned' };
    }
    // Asked already: what he reads stays as it is.
    if (standing.asked === named && standing.why !== null) return { outcome: OUTCOMES[word], why: standing.why };
    const before = settled.length === 0 ? '' : ` Settled before: ${settled.join(', ')}.`;
    const besides =
      standing.why !== null && standing.asked === null && isPositive(books.paid) ? `${standing.why} ` : '';
    const why = `${besides}The provider says '${seen.providerStatus}': ${inWords(payout, books, seen, word)}${before}`;
    await ask(db, transactionId, { why, asked: named }, run);
    return { outcome: OUTCOMES[word], why };
  });

const PAYOUT = 'payout:';

/** What the provider says of a payout, as it is settled. */
export const aftermathNamed = (payout: TransactionRow, { state, amount }: Aftermath): string =>
  `${PAYOUT}${state}:${amount === null ? 'unknown' : round(amount, providerSide(payout).currency.minorUnit, 'down')}`;

const PAYS: readonly PayoutState[] = ['succeeded', 'processing', 'awaiting_approval'];

/** How what the provider says compares with our books. */
type Word = 'as booked' | 'paid' | 'not paid' | 'more came back' | 'otherwise';

const OUTCOMES: Record<Word, string> = {
  'as booked': 'as it is booked after all',
  paid: 'paid although it ended',
  'not paid': 'not paid although it is done',
  'more came back': 'came back',
  otherwise: 'not as it is booked',
};

/** Null: it did not, or it is not known how much. */
const cameBack = (payout: TransactionRow, { state, amount }: Aftermath): Amount | null => {
  if (state !== 'returned' || amount === null) return null;
  const back = round(amount, providerSide(payout).currency.minorUnit, 'down');
  return isPositive(back) ? back : null;
};

const compared = (payout: TransactionRow, { paid, back }: PayoutBooks, seen: Aftermath): Word => {
  const pays = PAYS.includes(seen.state);
  if (!isPositive(paid)) return pays ? 'paid' : 'as booked';
  const isOut = compare(paid, back) > 0;
  if (seen.state === 'failed' || seen.state === 'cancelled') return isOut ? 'not paid' : 'as booked';
  if (seen.state === 'returned') {
    const came = cameBack(payout, seen);
    if (came === null) return 'otherwise';
    return equal(came, back) ? 'as booked' : compare(came, back) > 0 ? 'more came back' : 'otherwise';
  }
  if (!isOut) return 'otherwise';
  if (seen.amount === null) return 'as booked';
  // Some tell of what was paid, some of what is left of it.
  const told = round(seen.amount, providerSide(payout).currency.minorUnit, 'up');
  return [paid, subtract(paid, back)].some((one) => equal(one, told)) ? 'as booked' : 'otherwise';
};

const inWords = (payout: TransactionRow, books: PayoutBooks, seen: Aftermath, word: Word): string => {
  const { transactionId, clientId, stage } = payout;
  const { currency, amount: ordered } = providerSide(payout);
  const code = currency.alphabeticCode;
  const whose = `payout ${transactionId} of client ${clientId}`;
  const of = `${seen.amount ?? ordered ?? '?'} ${code} of ${whose}`;
  if (word === 'paid') return `it pays ${of}, which ended as ${stage}, so the client has it twice.`;
  if (!isPositive(books.paid))
    return `it does not pay ${of} after all. If it was taken from the client meanwhile, it is his again.`;
  const booked = `Booked are ${books.paid} ${code} as paid and ${books.back} as come back.`;
  const ids = books.corrections.join(', ');
  const hands = ids === '' ? '' : ` Corrections that settle it: ${ids}.`;
  return `${theirSide(seen, { of, whose, code })} ${booked}${hands}`;
};

const theirSide = (
  { state, amount }: Aftermath,
  { of, whose, code }: { of: string; whose: string; code: string },
): string => {
  if (state === 'returned')
    return amount === null
      ? `${whose} came back, and it does not tell how much.`
      : `${amount} ${code} of ${whose} came back.`;
  return PAYS.includes(state)
    ? `it pays ${of}.`
    : `it does not pay ${of}. If nobody has the money, it is the client's.`;
};

const ask = async (
  db: Queryable,
  transactionId: number,
  question: { why: string; asked: string },
  run: Tools['run'],
): Promise<void> => {
  if (!(await askAbout(db, transactionId, question))) return;
  await recordAudit(db, {
    actor: 'workflow',
    action: 'payout.contradicted',
    object: `transaction:${transactionId}`,
    after: { why: question.why },
    ...run,
  });
};
