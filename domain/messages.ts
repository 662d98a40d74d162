import type { IdempotencyClass } from './outcomes.ts';

export const CHANNELS = ['email', 'sms', 'chat'] as const;

/** The keys of messages that carry a code of a procedure begin so. How many may be sent is judged before each is promised: `message_limit` knows nothing of them. */
export const CODE_KEY = 'wizard:';

/** Parameters that are for the recipient alone, and that a message is there to tell him. */
export const SECRET_PARAMETERS: readonly string[] = ['code', 'password'];

/** `queued`: not sent, or surely not; `sending`: at a provider, no answer yet; `unknown`: nobody could tell what became of it. */
export const MESSAGE_STATES = [
  'queued',
  'sending',
  'accepted',
  'sent',
  'delivered',
  'failed',
  'expired',
  'cancelled',
  'unknown',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** Callbacks come in any order: a message only ever moves up. */
export const DELIVERY_RANK: Partial<Record<MessageState, number>> = { accepted: 1, sent: 2, delivered: 3, failed: 4 };

/** A connection that could send a message. */
export interface Route {
  connectionId: number;
  provider: string;
  idempotency: IdempotencyClass;
  /** It can be asked about a message. */
  finds: boolean;
  /** It tells by callbacks what became of a message. */
  tells: boolean;
}

/** What a run needs to know before each step. `over`: nothing is to be done any more. */
export type MessagePlan =
  | { over: MessageState }
  | {
      over: null;
      routes: Route[];
      attempts: number;
      /** Of the last attempt; null before the first. */
      lastConnectionId: number | null;
      /** Milliseconds since the epoch. */
      expiresAt: number | null;
    };
