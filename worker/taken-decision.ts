import { recordDecision, type RecordingTools } from '../activities/requests/record-decision.ts';
import type { Decided, Decision } from '../domain/decisions.ts';

/**
 * Writes down at once a decision that its run has taken, as the run itself does before it goes on: whoever asks right after the answer
 * finds it in the books, and if this process dies here, the run writes it. Answers how many more approvals are needed. Throws HubFailure
 * `Rejected` (forbidden, own_request, restricted, not_found, already_exists), and then the run has refused it as well.
 */
export const recordTaken = async (
  tools: Omit<RecordingTools, 'run'>,
  workflowId: string,
  decision: Decision,
  { record, runId }: Decided,
): Promise<number> => (await recordDecision({ ...record, decision }, { ...tools, run: { workflowId, runId } })).missing;
