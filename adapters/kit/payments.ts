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
}

export interface PayoutOrder {
  reference: string;
  /** What the beneficiary shall get, before the provider's own fee. */
  amount: Amount;
  currency: CurrencyOfOrder;
  label: string;
  destination: { address: string; tag?: string };
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
  txHash?: string;
  /** Why `review`, in plain words for an operator. */
  why?: string;
  /** The provider keeps it back (AML): nobody may credit it yet. */
  blocked?: true;
}

export type DepositAction =
  | { kind: 'none' }
  | { kind: 'redirect'; url: string }
  | { kind: 'address'; address: string; tag?: string; confirmations?: number; minAmount?: Amount };

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
  /** What the provider kept for itself, null when unknown. */
  fee: Amount | null;
  currencyCode: number;
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

/**
 * The contract of category `payments`. Pure translation: no storage, no retries. Failures are thrown as HubFailure:
 * `Rejected` = the provider said no and nothing happened; `OutcomeUnknown` = it may have happened.
 * `find…` answers null only when the provider clearly says that it knows no such reference.
 */
export interface PaymentAdapter<Config = unknown> {
  createDeposit?(ctx: AdapterContext<Config>, order: DepositOrder): Promise<DepositReport>;
  findDeposit?(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<DepositReport | null>;
  createPayout?(ctx: AdapterContext<Config>, order: PayoutOrder): Promise<PayoutReport>;
  findPayout?(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<PayoutReport | null>;
  webhook?: WebhookTranslator<Config>;
  /** A cheap authenticated read. Throws `Config` or `Unavailable`. */
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
