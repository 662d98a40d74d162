import { log } from '@temporalio/activity';
import { inputsLeftBehind, loadInputs, loadRun } from '../../db/repositories/wizards.ts';
import { isHubFailure } from '../../domain/failures.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { bringStep } from './bring-step.ts';

const AT_ONCE = 50;
/** A run that does not answer must not keep the sweep from the rest. */
const PATIENCE_MS = 5_000;

type Left = Awaited<ReturnType<typeof inputsLeftBehind>>[number];

/** Steps that were checked and kept, and whose API died before their run had them, or before it was noted that the run has. */
export const bringKeptSteps: Activity<void, { brought: number }> = async (_, tools) => {
  const left = await inputsLeftBehind(tools.pool, AT_ONCE);
  await Promise.all(left.map((one) => bring(tools, one).catch((error: unknown) => passOver(one, error))));
  return { brought: left.length };
};

const bring = async (
  { pool, ring, steer }: Pick<Tools, 'pool' | 'ring' | 'steer'>,
  { runId, input }: Left,
): Promise<void> => {
  const [submission] = await loadInputs(pool, ring, runId, [input]);
  if (!submission) return;
  const run = await loadRun(pool, runId);
  const { noted } = await steer.within(PATIENCE_MS, () => bringStep({ pool, ring, steer }, run, submission));
  await noted;
};

/** What the run refuses is dropped; of one that cannot be asked the next sweep asks again. One that cannot even be read must not keep the rest. */
const passOver = ({ runId, input }: Left, error: unknown): void => {
  if (isHubFailure(error)) return;
  const { name, code } = error as Error & { code?: unknown };
  // Of the database or the network, not of what is kept there: the sweep itself goes on when they are back.
  if (typeof code === 'string' && !/^(22|23|42|ERR_)/.test(code)) throw error;
  // Its message may quote what was kept.
  log.warn(`input ${input} of wizard run ${runId} cannot be brought to its run: ${name}`);
};
