import type { FailureType } from './failures.ts';
import type { Reason } from './reasons.ts';

/** How a connection fares. `open`: its queue is not polled. `half_open`: one worker tries whether the provider is back. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** So many calls in a row without an answer, whoever made them, and the queue of the connection is not polled any more. */
export const OPENS_AFTER = 5;

/** A provider that asks for a longer silence is asked again after this. */
export const LONGEST_SILENCE_S = 3_600;

/**
 * Whether the provider could not be reached or did not answer. A refusal, a wrong password or an answer nobody can read is an answer: waiting
 * would not change it.
 */
export const isTransportFailure = (type: FailureType, reason: Reason): boolean =>
  (type === 'Unavailable' && reason === 'provider_unavailable') ||
  (type === 'OutcomeUnknown' && reason === 'provider_outcome_unknown');

/** Upper bounds of the counted durations, milliseconds; a last count is for what took longer. */
export const DURATION_BOUNDS = [25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600] as const;

/** Which count a duration belongs to. */
export const durationSlot = (ms: number): number => {
  const slot = DURATION_BOUNDS.findIndex((bound) => ms <= bound);
  return slot < 0 ? DURATION_BOUNDS.length : slot;
};

/** The bound below which `share` (0…1) of the counted calls stayed, milliseconds; null when there were none. */
export const percentile = (counts: readonly number[], share: number): number | null => {
  const all = counts.reduce((sum, one) => sum + one, 0);
  if (all === 0) return null;
  let seen = 0;
  const slot = counts.findIndex((count) => (seen += count) >= all * share);
  return DURATION_BOUNDS[slot] ?? DURATION_BOUNDS.at(-1)! * 2;
};
