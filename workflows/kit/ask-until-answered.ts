import { isCancellation, patched, sleep } from '@temporalio/workflow';
import { delay, type Timings } from '../../domain/timings.ts';
import type { Progress } from './progress.ts';
import { hubFailureOf } from './stopped.ts';

/**
 * A question to a provider that nobody waits for: asked again for as long as it takes, whatever the reason; shown when it takes long. `told` hears why
 * there is no answer yet.
 */
export const askUntilAnswered = async <T>(
  progress: Progress,
  timings: Timings,
  what: string,
  ask: () => Promise<T>,
  told?: (why: string) => Promise<void>,
): Promise<T> => {
  for (let n = 0; ; n++) {
    try {
      const answer = await ask();
      progress.notWaiting();
      return answer;
    } catch (error) {
      const why = hubFailureOf(error)?.message ?? 'the answer was lost';
      const can = 'check the connection; it is asked again by itself.';
      progress.waitingFor(`the provider to tell ${what} (${why})`, can, { human: n > 3 });
      await told?.(why);
      await sleep(delay(timings.retries, n)).catch((cancelled: unknown) => {
        if (isCancellation(cancelled) && patched('cancelled-waits-for-nobody')) progress.notWaiting();
        throw cancelled;
      });
    }
  }
};
