import type { Amount } from '../../domain/money.ts';
import type { AdapterContext } from './context.ts';
import type { WebhookTranslator } from './webhooks.ts';

export interface CurrencyOfOrder {
  numericCode: number;
  alphabeticCode: string;
  minorUnit: number;
}

export interface DepositOrder {
  /** Ours, unique for ever, 13 characters: 'K' + 12 base32. Goes to the provider as tracking id. */
  reference: string;
  /** `invoice`: a hosted page for one amount. `address`: an open crypto address without amount. */
  flow: 'invoice' | 'address';
  /** Null for `address`. */
  amount: Amount | null;
  currency: CurrencyOfOrder;
  /** Opaque to the provider: 'Client 7'. Never a name or an e-mail. */
  label: string;
  returnUrl?: string;
  /** What else the method asks the payer for, by name. */
  fields?: Record<string, string>;
  /** For providers that insist on knowing who pays (cashiers, card systems). Personal data: sent, never kept or logged. */
  payer?: Payer;
}

export interface Payer {
  /** Opaque and the same for ever: '7'. */
  clientId: string;
  /** 'en_US' */
  locale?: string;
  firstName?: string;
  lastName?: string;
  email?: string;
  phone?: string;
  /** ISO 3166-1 alpha-2 */
  country?: string;
  city?: string;
  /** YYYY-MM-DD */
  birthday?: string;
}

export interface PayoutOrder {
  reference: string;
  /** What the beneficiary shall get, before the provider's own fee. */
  amount: Amount;
  currency: CurrencyOfOrder;
  label: string;
  /** `address`: chain address, IBAN, account or card token; `fields`: what else the method asks for, by name. */
  destination: { address: string; tag?: string; fields?: Record<string, string> };
  payer?: Payer;
}

/**
 * Where a deposit stands at the provider. `awaiting_payer`, `seen`, `processing`: not final. `review`: money is there but a
 * person must look (over-, under-, late payment, AML). Unknown provider words become `processing` with `unknownWord` set.
 */
export type DepositState =
  'awaiting_payer' | 'seen' | 'processing' | 'succeeded' | 'review' | 'failed' | 'cancelled' | 'expired';

/** `returned`: it succeeded and the money came back. */
export type PayoutState = 'awaiting_approval' | 'processing' | 'succeeded' | 'failed' | 'cancelled' | 'returned';

/** One payment that arrived for a deposit: an open address gets many, an invoice normally one. */
export interface Arrival {
  /** The provider's id of the payment itself (transfer). */
  id: string;
  state: 'seen' | 'processing' | 'succeeded' | 'review' | 'failed';
  /** What was processed, in the currency of the deposit. */
  amount: Amount;
  currencyCode: number;
  /** What the provider kept of it for itself, in the same currency: it owes us so much less. Absent while it is not known. */
  fee?: Amount;
  txHash?: string;
  /** Why `review`, in plain words for an operator. */
  why?: string;
  /** With `processing`: the payment itself is confirmed for good, and only the rest of its deposit is waited for. */
  isConfirmed?: true;
  /** The provider keeps it back (AML): nobody may credit it yet. */
  blocked?: true;
}

export type DepositAction =
  | { kind: 'none' }
  | { kind: 'redirect'; url: string }
  /** What the payer shall read and do himself: requisites, what to write into the memo. Plain text. */
  | { kind: 'instruction'; text: string }
  /** The browser posts these fields there. */
  | { kind: 'form'; url: string; fields: Record<string, string> }
  | { kind: 'address'; address: string; tag?: string; confirmations?: number; minAmount?: Amount };

/** Money that went back after it had arrived. */
export interface Reversal {
  /** The provider's id of the refund, dispute or return: each is booked once. */
  id: string;
  kind: 'refund' | 'dispute' | 'return';
  /** The payment it takes back, when the deposit consists of several. */
  paymentId?: string;
  /**
   * `open`: taken, and it may come back (a dispute). `done`: gone for good. `undone`: nothing is taken, or not any more (an inquiry, a dispute that was
   * won, a refund that failed). What nobody can read is no `open`: that takes the client's money.
   */
  state: 'open' | 'done' | 'undone';
  /** What goes, or went, back: without the provider's own charge. */
  amount: Amount;
  /** That charge, in the currency of the deposit; the broker bears it. Absent while it is not known. */
  fee?: Amount;
  why?: string;
}

export interface DepositReport {
  providerId: string;
  state: DepositState;
  /** Their word, as received. */
  providerStatus: string;
  unknownWord?: boolean;
  action: DepositAction;
  arrivals: Arrival[];
  /** Sum of what arrived and may be credited; null when nothing did. */
  processed: Amount | null;
  currencyCode: number;
  /**
   * What was taken back of a deposit that succeeded. Its state stays `succeeded`. A refund by our own order, which carries a reference of ours, is not
   * among them: it is booked as the payout it is, and would be taken from the client twice.
   */
  reversals?: Reversal[];
  why?: string;
}

export interface PayoutReport {
  providerId: string;
  state: PayoutState;
  providerStatus: string;
  unknownWord?: boolean;
  /** What the beneficiary got, or what came back of it; null until known. */
  processed: Amount | null;
  fee: Amount | null;
  currencyCode: number;
  txHash?: string;
  why?: string;
}

/** How an object is found again: by their id when we know it, always by our reference. */
export interface ProviderRef {
  reference: string;
  providerId?: string;
}

export interface TakesDeposits<Config> {
  createDeposit(ctx: AdapterContext<Config>, order: DepositOrder): Promise<DepositReport>;
  findDeposit(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<DepositReport | null>;
}

export interface MakesPayouts<Config> {
  createPayout(ctx: AdapterContext<Config>, order: PayoutOrder): Promise<PayoutReport>;
  findPayout(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<PayoutReport | null>;
}

/**
 * Where the client himself tells the provider, on its page, where the money shall go (cashiers). Until he has done so, `createPayout` answers
 * `Unavailable`: there is nothing to pay yet.
 */
export interface PreparesPayouts<Config> {
  /** Opens that page under the payout's reference. Nothing moves. */
  preparePayout(
    ctx: AdapterContext<Config>,
    order: Omit<PayoutOrder, 'destination'> & { returnUrl?: string },
  ): Promise<{ action: DepositAction }>;
  findPreparedPayout(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<Preparation | null>;
  /** Takes back what the client asked for, as long as nobody began to pay it. Null: there is nothing to take back. Harmless to repeat. */
  cancelPayout(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<PayoutReport | null>;
}

/** `waiting`: the client has not said yet where to. `ready`: he has, it can be paid, or is by now. `over`: he did not in time. */
export type Preparation = 'waiting' | 'ready' | 'over';

export interface RefundOrder {
  /** Ours, of the refund itself. */
  reference: string;
  /** The deposit it gives back, or a part of it. */
  deposit: ProviderRef;
  amount: Amount;
  currency: CurrencyOfOrder;
}

/** Gives money back the way it came. Reported as a payout. */
export interface MakesRefunds<Config> {
  createRefund(ctx: AdapterContext<Config>, order: RefundOrder): Promise<PayoutReport>;
  findRefund(ctx: AdapterContext<Config>, ref: ProviderRef & { deposit: ProviderRef }): Promise<PayoutReport | null>;
}

/** A movement in the provider's own books, for reconciliation. */
export interface ProviderMovement {
  kind: 'deposit' | 'payout' | 'refund';
  providerId: string;
  /** Ours, when it carries one. */
  reference?: string;
  amount: Amount;
  currencyCode: number;
  /** Milliseconds. */
  at: number;
}

export interface ShowsBooks<Config> {
  /** What was settled in the window (milliseconds, `to` excluded), every page of it. */
  listMovements(ctx: AdapterContext<Config>, window: { from: number; to: number }): Promise<ProviderMovement[]>;
}

/**
 * The contract of category `payments`: powers a provider has or has not. Pure translation: no storage, no retries. Failures are thrown as
 * HubFailure: `Rejected` = the provider said no and nothing happened; `OutcomeUnknown` = it may have happened.
 * `find…` answers null only when the provider clearly says that it knows no such reference.
 */
export interface PaymentAdapter<Config = unknown> extends Partial<
  TakesDeposits<Config> & MakesPayouts<Config> & PreparesPayouts<Config> & MakesRefunds<Config> & ShowsBooks<Config>
> {
  webhook?: WebhookTranslator<Config>;
  /** A cheap authenticated read. Throws `Config` or `Unavailable`. */
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
