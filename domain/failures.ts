import type { Obstacle, Reason } from './reasons.ts';

/** The eight ways a step can fail. One table drives retry policy, HTTP status, metric label and runbook entry. */
export const FAILURES = {
  /** The caller sent something that cannot be right. */
  InvalidInput: { retry: false, http: 400, expected: true },
  /** A business no: the provider or a rule refused, and nothing happened. */
  Rejected: { retry: false, http: 400, expected: true },
  NotFound: { retry: false, http: 404, expected: true },
  /** The provider or the product cannot do this at all. */
  Unsupported: { retry: false, http: 400, expected: true },
  /** Credentials or settings are wrong: page someone. */
  Config: { retry: false, http: 503, expected: false },
  /** Asked too often; carries the delay. Surely not done. */
  RateLimited: { retry: true, http: 429, expected: true },
  /** Surely not sent. */
  Unavailable: { retry: true, http: 503, expected: true },
  /** Sent, and the answer was lost: never repeated blindly, probed. */
  OutcomeUnknown: { retry: false, http: 503, expected: true },
} as const;

export type FailureType = keyof typeof FAILURES;

/** What a refusal says besides its reason, also to whoever called. */
export interface RefusalFacts {
  /** Request field in dot form, when one is to blame. */
  field?: string;
  /** Seconds to wait, for RateLimited. */
  retryAfter?: number;
  /** Of `restricted`: what stands in the way. */
  because?: Obstacle;
  /** From when on it may be tried again: '2026-11-30T08:30:00.000Z'. */
  until?: string;
}

export interface FailureFacts extends RefusalFacts {
  /** The provider's own code, for the person on call. Never secrets or personal data. */
  providerCode?: string;
}

/** What code outside workflows throws. The message is shown to operators: no secrets, no personal data. */
export class HubFailure extends Error {
  readonly type: FailureType;
  readonly reason: Reason;
  readonly facts: FailureFacts;

  constructor(type: FailureType, reason: Reason, message: string, facts: FailureFacts = {}) {
    // Providers' words end up in messages; a control character in them would be refused by the database.
    // oxlint-disable-next-line no-control-regex -- these are what is taken out
    super(message.replace(/[\u0000-\u001f]+/g, ' '));
    this.name = type;
    this.type = type;
    this.reason = reason;
    this.facts = facts;
  }
}

export const isHubFailure = (error: unknown): error is HubFailure => error instanceof HubFailure;

/** A form with fields that cannot be taken; each by its path in what was sent. */
export class WrongFields extends Error {
  readonly fields: readonly { field: string; issue: string }[];

  constructor(fields: readonly { field: string; issue: string }[]) {
    super(fields.map(({ issue }) => issue).join(' '));
    this.name = 'WrongFields';
    this.fields = fields;
  }
}
