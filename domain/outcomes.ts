/** What came of a call that moves money outside. Five words; there is no sixth. */
export type Answer<T> =
  | { outcome: 'done'; report: T }
  | { outcome: 'pending'; report: T }
  /** The provider said no: nothing happened and nothing will. */
  | { outcome: 'refused'; reason: string; message: string }
  /** Surely not sent: safe to try again. */
  | {
      outcome: 'not_sent';
      reason: string;
      message: string;
      retryAfter?: number;
      /** How long the attempt had waited in its queue before it was made, milliseconds. */
      queuedMs?: number;
    }
  /** Sent, and no trustworthy answer came. Never repeated blindly. */
  | { outcome: 'unknown'; message: string };

/**
 * How a provider tells a repeat from a second order.
 * `native`: it keeps our key. `lookup`: we can find the operation by our reference. `none`: neither, so a person decides.
 */
export type IdempotencyClass = 'native' | 'lookup' | 'none';
