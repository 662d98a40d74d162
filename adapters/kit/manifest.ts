import type { z } from 'zod';
import type { IdempotencyClass } from '../../domain/outcomes.ts';
import type { CaptchaAdapter } from './captcha.ts';
import type { WirelessFacts } from './conformance.ts';
import type { KycAdapter } from './kyc.ts';
import type { MessagingAdapter } from './messaging.ts';
import type { PaymentAdapter } from './payments.ts';
import type { RatesAdapter } from './rates.ts';
import type { SandboxModule } from './sandbox.ts';
import type { ScreeningAdapter } from './screening.ts';
import type { TradingAdapter } from './trading.ts';
import type { WebhookTranslator } from './webhooks.ts';

/** One contract per category; also the names of the folders below `adapters/`. */
interface Contracts<Config> {
  captcha: CaptchaAdapter<Config>;
  kyc: KycAdapter<Config>;
  messaging: MessagingAdapter<Config>;
  payments: PaymentAdapter<Config>;
  rates: RatesAdapter<Config>;
  screening: ScreeningAdapter<Config>;
  trading: TradingAdapter<Config>;
}

export type Category = keyof Contracts<unknown>;

/**
 * Who a provider is. Everything the hub knows of it comes from here: the settings form, the docs page, queues and their limits, labels of metrics,
 * the doctor's check, what a method can be bound to.
 */
export interface ProviderOf<C extends Category, Schema extends z.ZodType = z.ZodType> {
  category: C;
  /** Folder name and the word in configuration, unique over all categories: 'b2binpay'. */
  id: string;
  caption: string;
  /** What it can do, in the category's words (adapters/kit/capabilities.ts). */
  capabilities: readonly string[];
  /** How a repeated write is told from a second one. Reading only (rates, captcha) is `native`. */
  idempotency: IdempotencyClass;
  /** `person`: nobody but a person can tell whether money moved, so no movement goes without one. Default `provider`. */
  confirmedBy?: 'provider' | 'person';
  /** `perSecond` becomes the task queue's limit; `timeoutMs` bounds one HTTP exchange, or one talk over a socket. */
  limits: { perSecond: number; timeoutMs: number };
  /** Alphabetic codes it can take; absent: whatever the connection is set up for. */
  currencies?: readonly string[];
  /** Secrets are `secret()` of kit/config.ts: they never leave the hub again. */
  config: Schema;
  /** `scheme`: for people. `answerWithinMs`: how long the provider waits for our answer before it counts as failed. */
  webhook?: { scheme: string; answerWithinMs: number };
  adapter: Contracts<z.output<Schema>>[C];
  /** Absent when the provider has no wire (manual). */
  sandbox?: () => Promise<SandboxModule>;
  /** Where there is no sandbox to tell it: what the conformance suite has to know. */
  wireless?: WirelessFacts;
}

export type Provider = { [C in Category]: ProviderOf<C> }[Category];
export type PaymentProvider = ProviderOf<'payments'>;

/** How the provider's callbacks are read; undefined when it sends none. */
export const webhookOf = ({ adapter }: Provider): WebhookTranslator | undefined =>
  'webhook' in adapter ? adapter.webhook : undefined;

const define =
  <C extends Category>(category: C) =>
  <Schema extends z.ZodType>(facts: Omit<ProviderOf<C, Schema>, 'category'>): ProviderOf<C, Schema> => ({
    category,
    ...facts,
  });

export const defineCaptchaProvider = define('captcha');
export const defineKycProvider = define('kyc');
export const defineMessagingProvider = define('messaging');
export const definePaymentProvider = define('payments');
export const defineRatesProvider = define('rates');
export const defineScreeningProvider = define('screening');
export const defineTradingProvider = define('trading');
