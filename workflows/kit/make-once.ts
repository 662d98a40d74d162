import { patched } from '@temporalio/workflow';
import type { Answer } from '../../domain/outcomes.ts';
import { delay, type Timings, untilLook } from '../../domain/timings.ts';
import { Stopped } from './stopped.ts';

export interface Making<Report> {
  create: () => Promise<Answer<Report>>;
  /** Looks under our reference: null when the provider clearly has none; throws when it could not be asked. */
  find: () => Promise<Report | null>;
  timings: Timings;
  note: (said: string) => void;
  /** Sleeps and shows why; `human`: somebody should look by now. */
  pause: (why: string, ms: number, human: boolean) => Promise<void>;
}

/**
 * Makes one thing at a provider (an account, an address, a payment page) under our reference. It moves no money, but two of it
 * would confuse every later look: after a lost answer it is looked for, and made again only when two looks, taken after the first
 * attempt is surely over, both miss it. Throws Stopped when the provider says no.
 */
export const makeOnce = async <Report>(making: Making<Report>): Promise<Report> => {
  const { create, timings, note, pause } = making;
  for (let n = 0; ; n++) {
    const answer = await create().catch((): Answer<Report> => ({ outcome: 'unknown', message: 'the answer was lost' }));
    if (answer.outcome === 'done' || answer.outcome === 'pending') return answer.report;
    if (answer.outcome === 'refused') throw new Stopped('failed', answer.reason, answer.message);
    note(`${answer.outcome === 'unknown' ? 'Outcome unknown' : 'Not sent'}: ${answer.message}.`);
    if (answer.outcome === 'unknown') {
      const found = await look(making);
      if (found !== null) return found;
      note('The provider never saw it: asking again.');
    } else {
      await pause(answer.message, Math.max(delay(timings.retries, n), (answer.retryAfter ?? 0) * 1_000), n > 4);
    }
  }
};

/** Null only after two looks past the time in which the lost attempt may still arrive. */
const look = async <Report>({ find, timings, pause }: Making<Report>): Promise<Report | null> => {
  const overAt = Date.now() + timings.settleAfter;
  let missed = false;
  let justMissed = false;
  for (let n = 0; ; n++) {
    const wait = untilLook(timings, { n, left: overAt - Date.now(), missed: justMissed });
    await pause('whether it arrived is being asked', wait, isLong(n));
    justMissed = false;
    try {
      const found = await find();
      if (found !== null) return found;
    } catch {
      continue; // not asked is not missing
    }
    if (missed) return null;
    missed = justMissed = Date.now() >= overAt;
  }
};

/** Six minutes by the ordinary timings. Runs of before looked every five seconds. */
const isLong = (n: number): boolean => n > 10 || (n > 4 && patched('looks-grow-rare'));
