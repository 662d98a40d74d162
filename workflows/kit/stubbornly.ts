import { condition } from '@temporalio/workflow';
import type { InternalActivities } from '../../activities/index.ts';
import { delay } from '../../domain/timings.ts';
import { internal } from './activities.ts';
import type { MoneyRun } from './money-run.ts';
import { ANOTHER_RUN, hubFailureOf } from './stopped.ts';

/** Work on our books without which not even a question can be asked: tried again by itself, flagged for a person meanwhile. */
export const stubbornly = async <T>(
  { progress, timings }: Pick<MoneyRun, 'progress' | 'timings'>,
  say: string,
  work: (hub: InternalActivities) => Promise<T>,
): Promise<T> => {
  for (let n = 0; ; n++) {
    try {
      return await work(internal(say));
    } catch (error) {
      const failure = hubFailureOf(error);
      if (!failure || failure.reason === ANOTHER_RUN) throw error;
      const can = 'mend the cause; it is tried again by itself.';
      progress.waitingFor(`${say}: ${failure.message}`, can, { human: true });
      await condition(() => false, delay(timings.retries, n));
      progress.notWaiting();
    }
  }
};
