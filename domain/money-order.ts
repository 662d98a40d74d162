import type { DecisionWord } from './decisions.ts';
import type { Amount } from './money.ts';
import type { IdempotencyClass } from './outcomes.ts';
import type { Stage } from './stages.ts';
import type { Timings } from './timings.ts';

/** What every money workflow starts with: a reference into PostgreSQL, never the facts themselves. */
export interface MoneyInput {
  transactionId: number;
  /** Tests shorten the waits; production leaves it out. */
  timings?: Partial<Timings>;
}

export interface Currency {
  numericCode: number;
  alphabeticCode: string;
  minorUnit: number;
}

/** One side of a movement on our books. */
export interface OrderSide {
  accountId: number;
  ledgerCode: string;
  /** Set for a trading account: where the platform is and which login. */
  platform: { connectionId: number; provider: string; login: string; idempotency: IdempotencyClass } | null;
}

/** A decision about an order that was given to another run of it. */
export interface SaidBefore {
  word: DecisionWord;
  resolutionId: number | null;
  comment: string | null;
}

/** The facts a money workflow tells its story with. No personal data: who gets a payout is read by the activity that sends it. */
export interface MoneyOrder {
  transactionId: number;
  type: 'deposit' | 'withdrawal' | 'transfer';
  clientId: number;
  amount: Amount;
  currency: Currency;
  /** Taken inside the amount, for the broker. */
  vendorCommission: Amount;
  reference: string;
  /** The operator who made it; null = the client. He may not approve it. */
  requestedBy: number | null;
  approvals: 0 | 1 | 2;
  debit: OrderSide | null;
  credit: OrderSide | null;
  /** Set when it changes currency: into which. `amount` and `currency` are the payer's. Absent in histories of before. */
  exchange?: { currency: Currency; fixed?: boolean } | null;
  method: {
    connectionId: number;
    provider: string;
    flow: 'manual' | 'invoice' | 'address' | 'send';
    idempotency: IdempotencyClass;
    /** `manual`, but what the payer is told, and asked for, comes from the provider. */
    tellsPayer?: boolean;
    /** The client says on the provider's page where a payout shall go. */
    preparesPayouts?: boolean;
    /** A payout that people make outside: approving it says that it was paid. Absent in histories of before. */
    paidByPeople?: boolean;
  } | null;
  /** The deposit that this payout gives back the way it came; a refund. */
  refundOf?: number | null;
  /** Another run began it and was ended from outside: what that one sent nobody has told this one. */
  resumed?: true;
  /** What people said last of it, to that run. */
  saidBefore?: SaidBefore | null;
  /** The provider's id of the payment, for money that arrived without being asked for. */
  arrival: { paymentId: string; ofReference: string; why: string | null } | null;
}

/** What the caller who opened the movement hears: where it stands once that is worth saying. */
export interface Begun {
  stage: Stage;
  /** Machine name and text of a refusal. */
  refusal: { reason: string; issue: string } | null;
}

export interface MoneyResult {
  stage: Stage;
  reason: string | null;
}
