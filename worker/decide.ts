import { setTimeout as sleep } from 'node:timers/promises';
import { type RecordingTools, writeDown } from '../activities/requests/record-decision.ts';
import type { DecisionFacts } from '../db/repositories/requests.ts';
import type { Decided, Decision } from '../domain/decisions.ts';
import { isHubFailure } from '../domain/failures.ts';

/**
 * Brings a decision to its run, which is waited for, two seconds, when it has not come to the request yet. Once the run has taken it, it is written down at once,
 * as the run itself does before it goes on: whoever asks right after the answer finds it in the books, and if this process dies between the two, the run writes
 * it. Answers how many more approvals are needed. Throws HubFailure `Rejected` (not_waiting, own_request, decided_already, forbidden, restricted, not_found,
 * already_exists) and then the run has refused it as well, and `Unavailable` (not_ready); `updateId` makes a repeated call harmless. `seen`: what the caller knows
 * of it already.
 */
export const decide = async (
  tools: Omit<RecordingTools, 'run'>,
  take: (decision: Decision, updateId: string) => Promise<Decided>,
  { workflowId, decision, updateId }: { workflowId: string; decision: Decision; updateId: string },
  seen: DecisionFacts | null = null,
): Promise<number> => {
  const { record, runId } = await onceAsked(() => take(decision, updateId));
  const { missing } = await writeDown({ ...record, decision }, { ...tools, run: { workflowId, runId } }, seen);
  return missing;
};

/** A request is in the books a moment before its run asks about it. Milliseconds. */
const PAUSES = [30, 70, 150, 250, 500, 1_000];

const onceAsked = async (take: () => Promise<Decided>): Promise<Decided> => {
  for (const pause of PAUSES) {
    try {
      return await take();
    } catch (error) {
      if (!isHubFailure(error) || error.reason !== 'not_ready') throw error;
    }
    await sleep(pause);
  }
  return take();
};
