import { describe, expect, it } from '@jest/globals';
import { DURATION_BOUNDS, durationSlot, isTransportFailure, percentile } from '../../domain/breaker.ts';

describe('a provider that does not answer', () => {
  it.each([
    ['Unavailable', 'provider_unavailable', true],
    ['OutcomeUnknown', 'provider_outcome_unknown', true],
    ['OutcomeUnknown', 'provider_garbage', false],
    ['OutcomeUnknown', 'currency_mismatch', false],
    ['Unavailable', 'provider_garbage', false],
    ['Rejected', 'provider_refused', false],
    ['RateLimited', 'provider_rate_limited', false],
    ['Config', 'provider_misconfigured', false],
  ] as const)('is told from one that answers badly: %s %s', (type, reason, silent) => {
    expect(isTransportFailure(type, reason)).toBe(silent);
  });
});

describe('durations', () => {
  it('are counted by bounds, and a percentile is the bound it stays below', () => {
    const counts = Array.from({ length: DURATION_BOUNDS.length + 1 }, () => 0);
    for (const ms of [10, 20, 25, 26, 90, 150, 300, 700, 1_500, 30_000]) counts[durationSlot(ms)]! += 1;
    expect(counts).toEqual([3, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1]);
    expect(percentile(counts, 0.5)).toBe(100);
    expect(percentile(counts, 0.9)).toBe(1_600);
    expect(percentile(counts, 0.95)).toBe(51_200);
    expect(percentile([], 0.5)).toBeNull();
  });
});
