import { inputsLeftBehind, loadInputs, loadRun } from '../../db/repositories/wizards.ts';
import { isHubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { bringStep } from './bring-step.ts';

const AT_ONCE = 100;

/** Steps that were checked and kept, and whose API died before their run had them, or before it was noted that the run has. */
export const bringKeptSteps: Activity<void, { brought: number }> = async (_, { pool, ring, steer }) => {
  const left = await inputsLeftBehind(pool, AT_ONCE);
  for (const { runId, input } of left) {
    const [submission] = await loadInputs(pool, ring, runId, [input]);
    if (!submission) continue;
    await bringStep({ pool, ring, steer }, await loadRun(pool, runId), submission).catch((error: unknown) => {
      // What the run refuses is dropped; where the run cannot be asked, the next sweep comes again.
      if (!isHubFailure(error)) throw error;
    });
  }
  return { brought: left.length };
};
