import type { AdapterContext } from './context.ts';
import type { ProviderRef } from './payments.ts';
import type { WebhookTranslator } from './webhooks.ts';

export type Channel = 'email' | 'sms' | 'chat';

/** One message to one recipient, already rendered. */
export interface OutgoingMessage {
  /** Ours, unique for ever; carried where the provider has a place for it, so that a lost answer can be found again. */
  reference: string;
  channel: Channel;
  /** E-mail address, phone number in E.164, or the provider's chat id. */
  to: string;
  subject?: string;
  /** Always there: what a reader without HTML sees. */
  text: string;
  html?: string;
}

/** `accepted`: the provider has it. `unknown`: it cannot tell (its word is kept). */
export type DeliveryState = 'accepted' | 'sent' | 'delivered' | 'failed' | 'unknown';

export interface MessageReport {
  providerId: string;
  state: DeliveryState;
  /** Their word, as received. */
  providerStatus: string;
  /** Their code of a failure: '30003'. */
  code?: string;
  why?: string;
}

/**
 * The contract of category `messaging`. `send` writes: `Rejected` = nobody gets it (bad address, blocked); `OutcomeUnknown` = it may be on its way, and
 * is looked for with `find` where there is one, never sent again blindly.
 */
export interface MessagingAdapter<Config = unknown> {
  /** Nothing else is given to `send`. */
  channels: readonly Channel[];
  send(ctx: AdapterContext<Config>, message: OutgoingMessage): Promise<MessageReport>;
  /** After a lost answer. `to` and `since` (milliseconds) narrow the search where the provider has no place for our reference. */
  find?(
    ctx: AdapterContext<Config>,
    by: ProviderRef & { to: string; text: string; since: number },
  ): Promise<MessageReport | null>;
  webhook?: WebhookTranslator<Config>;
  testConnection(ctx: AdapterContext<Config>): Promise<void>;
}
