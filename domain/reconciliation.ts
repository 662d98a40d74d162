import { type Amount, equal, isZero, round, subtract } from './money.ts';

/** How two books can differ. `there`: in the books of the provider or platform; `here`: in ours. */
export const DIFFERENCES = {
  missing_there: 'Our books hold it as done; the provider has no such movement.',
  missing_here: 'The provider moved money without a reference of ours; our books know nothing of it.',
  unknown_reference: 'The provider moved money under a reference that looks like ours; our books do not know it.',
  other_amount: 'Both books hold it, with different amounts.',
  other_currency: 'Both books hold it, in different currencies.',
  not_done_here: 'The provider did it; in our books it is not done.',
  other_balance: 'What the platform shows as balance is not what was moved plus what the trades made of it.',
  account_missing: 'The platform does not know this trading account any more.',
} as const;

export type DifferenceKind = keyof typeof DIFFERENCES;
export const DIFFERENCE_KINDS = Object.keys(DIFFERENCES) as [DifferenceKind, ...DifferenceKind[]];

/** `settled`: a person says that it was put right outside; `resolved`: the books agree by now. */
export const DIFFERENCE_STATES = ['open', 'settled', 'resolved'] as const;
export type DifferenceState = (typeof DIFFERENCE_STATES)[number];

export const RECONCILIATION_STATES = [
  'waiting',
  'reading',
  'comparing',
  'done',
  'cannot_compare',
  'cancelled',
] as const;
export type ReconciliationState = (typeof RECONCILIATION_STATES)[number];

/** Nothing runs any more: the window may be ordered again. */
export const COMPARED: readonly ReconciliationState[] = ['done', 'cannot_compare', 'cancelled'];

/** The same thing in both books. */
export interface Pair {
  /** The provider's movements of it, added up. Null: it has none. */
  theirs: { amount: Amount; currency: number } | null;
  /** Null: our books know no such thing. */
  ours: {
    /** What our ledger moved for it, with the sign the provider gives it. */
    booked: Amount;
    currency: number;
    minorUnit: number;
    /** Its run is over. */
    isOver: boolean;
    /** A person has been asked what became of it. */
    isAsked: boolean;
    /** Its run is open for so long that the difference counts. */
    isLate: boolean;
    /** The provider's books were read back to where it began: what is not there is missing. */
    isCovered: boolean;
  } | null;
  /** The reference the provider's movement carries. */
  reference: string | null;
}

const OURS = /^K[A-Z2-7]{12}$/;

/** Null: they agree. `not_yet`: nothing can be said before more is known. */
export const judge = ({ theirs, ours, reference }: Pair): DifferenceKind | 'not_yet' | null => {
  if (!ours) {
    // Gone there and come back: nothing is left to book.
    if (!theirs || isZero(theirs.amount)) return null;
    return reference !== null && OURS.test(reference) ? 'unknown_reference' : 'missing_here';
  }
  if (!theirs) {
    if (isZero(ours.booked)) return null;
    return ours.isCovered ? 'missing_there' : 'not_yet';
  }
  if (theirs.currency !== ours.currency) return 'other_currency';
  if (agrees(theirs.amount, ours.booked, ours.minorUnit)) return null;
  if (!ours.isOver && (ours.isAsked || !ours.isLate)) return 'not_yet';
  return isZero(ours.booked) ? 'not_done_here' : 'other_amount';
};

/** A provider may count finer than our books, which round down what came and up what went. */
const agrees = (theirs: Amount, booked: Amount, minorUnit: number): boolean =>
  equal(round(theirs, minorUnit, 'down'), booked) || equal(round(theirs, minorUnit, 'up'), booked);

/** theirs − ours; null when they cannot be subtracted. */
export const offBy = ({ theirs, ours }: Pick<Pair, 'theirs' | 'ours'>): Amount | null => {
  if (theirs && ours && theirs.currency !== ours.currency) return null;
  return subtract(theirs?.amount ?? '0', ours?.booked ?? '0');
};

/** 'reconciliation:7:20260131T000000Z-20260201T000000Z' */
export const reconciliationId = (connectionId: number, from: Date, to: Date): string => {
  const compact = (time: Date) => time.toISOString().replace(/[-:]|\.\d+/g, '');
  return `reconciliation:${connectionId}:${compact(from)}-${compact(to)}`;
};
