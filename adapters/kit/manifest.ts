import type { z } from 'zod';
import type { IdempotencyClass } from '../../domain/outcomes.ts';
import type { PaymentAdapter } from './payments.ts';
import type { SandboxModule } from './sandbox.ts';
import type { TradingAdapter } from './trading.ts';

interface Manifest<Schema extends z.ZodType> {
  /** Folder name and the word in configuration: 'b2binpay'. */
  id: string;
  caption: string;
  capabilities: readonly string[];
  idempotency: IdempotencyClass;
  /** `person`: nobody but a person can tell whether money moved, so no movement goes without one. Default `provider`. */
  confirmedBy?: 'provider' | 'person';
  /** `perSecond` becomes the task queue's limit; `timeoutMs` bounds one HTTP call. */
  limits: { perSecond: number; timeoutMs: number };
  /** Secrets are marked with `.meta({ secret: true })`: they never leave the hub again. */
  config: Schema;
  webhook?: { scheme: string };
  /** Absent when the provider has no wire (manual). */
  sandbox?: () => Promise<SandboxModule>;
}

export interface PaymentProvider<Schema extends z.ZodType = z.ZodType> extends Manifest<Schema> {
  category: 'payments';
  adapter: PaymentAdapter<z.output<Schema>>;
}

export interface TradingProvider<Schema extends z.ZodType = z.ZodType> extends Manifest<Schema> {
  category: 'trading';
  adapter: TradingAdapter<z.output<Schema>>;
}

export type Provider = PaymentProvider | TradingProvider;

export const definePaymentProvider = <Schema extends z.ZodType>(
  p: Omit<PaymentProvider<Schema>, 'category'>,
): PaymentProvider<Schema> => ({
  category: 'payments',
  ...p,
});

export const defineTradingProvider = <Schema extends z.ZodType>(
  p: Omit<TradingProvider<Schema>, 'category'>,
): TradingProvider<Schema> => ({
  category: 'trading',
  ...p,
});
