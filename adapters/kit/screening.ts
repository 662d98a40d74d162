import type { Amount } from '../../domain/money.ts';
import type { AdapterContext } from './context.ts';
import type { CurrencyOfOrder, ProviderRef } from './payments.ts';
import type { WebhookTranslator } from './webhooks.ts';

/** A movement of money to be judged before it is let through. */
export interface ScreeningOrder {
  /** Ours, unique for ever: the same order twice is one at the provider. */
  reference: string;
  direction: 'in' | 'out';
  amount: Amount;
  currency: CurrencyOfOrder & { type: 'fiat' | 'crypto' };
  /** Milliseconds. */
  at: number;
  client: {
    /** The name under which the provider knows the client from KYC; opaque. */
    reference: string;
    kind: 'individual' | 'company';
    /** Personal data: sent, never kept or logged. */
    fullName?: string;
  };
  /** The other side: a chain address, an IBAN. */
  counterparty?: { account: string; fullName?: string };
  /** Chain transaction, once there is one. */
  txHash?: string;
}

/** `pending`: no verdict yet. `hold`: a person has to look. Unknown words of theirs become `pending` with `unknownWord` set. */
export type ScreeningState = 'pending' | 'clear' | 'hold' | 'reject';

export interface ScreeningReport {
  providerId: string;
  state: ScreeningState;
  providerStatus: string;
  unknownWord?: boolean;
  score?: string;
  /** Rules or alerts that fired, by name. */
  signals: string[];
}

/** The contract of category `screening`. `screen` is harmless to repeat under one reference; `find` answers null only when the provider clearly has none. */
export interface ScreeningAdapter<Config = unknown> {
  screen(ctx: AdapterContext<Config>, order: ScreeningOrder): Promise<ScreeningReport>;
  find(ctx: AdapterContext<Config>, ref: ProviderRef): Promise<ScreeningReport | null>;
  webhook?: WebhookTranslator<Config>;
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
