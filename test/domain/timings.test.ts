import { describe, expect, it } from '@jest/globals';
import { TIMINGS, untilLook } from '../../domain/timings.ts';

const minute = 60_000;

/** The waits of one who looks from the moment an answer was lost; `sees`: what each look shows. */
const waits = (...sees: ('nothing' | 'unanswered')[]): number[] => {
  let now = 0;
  let missed = false;
  return sees.map((seen, n) => {
    const wait = untilLook(TIMINGS, { n, left: TIMINGS.settleAfter - now, missed });
    now += wait;
    missed = seen === 'nothing' && now >= TIMINGS.settleAfter;
    return wait;
  });
};

describe('the looks after a lost answer', () => {
  it('grow rare while they are not answered, and one falls on the moment from which a miss counts', () => {
    const unanswered = Array.from({ length: 9 }, () => 'unanswered' as const);
    expect(waits(...unanswered)).toEqual([
      2_000,
      10_000,
      30_000,
      48_000,
      5 * minute,
      15 * minute,
      60 * minute,
      360 * minute,
      1_440 * minute,
    ]);
  });

  it('are near one another only after a miss that counts', () => {
    expect(waits('nothing', 'nothing', 'nothing', 'nothing', 'nothing')).toEqual([
      2_000,
      10_000,
      30_000,
      48_000,
      TIMINGS.secondLook,
    ]);
    expect(waits('unanswered', 'unanswered', 'nothing', 'nothing', 'unanswered', 'nothing').slice(4)).toEqual([
      TIMINGS.secondLook,
      15 * minute,
    ]);
  });
});
