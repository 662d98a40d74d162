import { inputsLeftBehind, loadInputs, loadRun } from '../../db/repositories/wizards.ts';
import { isHubFailure } from '../../domain/failures.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { bringStep } from './bring-step.ts';

const AT_ONCE = 50;
/** A run that does not answer must not keep the sweep from the rest. */
const PATIENCE_MS = 5_000;

/** Steps that were checked and kept, and whose API died before their run had them, or before it was noted that the run has. */
export const bringKeptSteps: Activity<void, { brought: number }> = async (_, tools) => {
  const left = await inputsLeftBehind(tools.pool, AT_ONCE);
  await Promise.all(left.map((one) => bring(tools, one)));
  return { brought: left.length };
};

const bring = async (
  { pool, ring, steer }: Pick<Tools, 'pool' | 'ring' | 'steer'>,
  { runId, input }: { runId: number; input: number },
): Promise<void> => {
  const [submission] = await loadInputs(pool, ring, runId, [input]);
  if (!submission) return;
  const run = await loadRun(pool, runId);
  await steer
    .within(PATIENCE_MS, () => bringStep({ pool, ring, steer }, run, submission))
    .catch((error: unknown) => {
      // What the run refuses is dropped; of one that cannot be asked the next sweep asks again.
      if (!isHubFailure(error)) throw error;
    });
};
