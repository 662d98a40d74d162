import { loadTransaction } from '../../db/repositories/transactions.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { isFinal, type Stage, STAGES } from '../../domain/stages.ts';
import { actorName, type Actor } from '../kit/access.ts';
import { problem } from '../kit/errors.ts';
import type { MoneyHub } from './hub.ts';

/**
 * Stops a movement while nothing was sent yet; doing it twice is harmless. Throws `already_done` (money may be on its way, has
 * arrived, or it is over), `not_waiting` (nobody tells it: its run was ended from outside) or `unavailable` (it has not begun).
 */
export const cancelTransaction = async (
  hub: MoneyHub,
  actor: Actor,
  transactionId: number,
  { comment, requestId }: { comment?: string | undefined; requestId: string },
): Promise<void> => {
  const { stage, workflowId } = await loadTransaction(hub.pool, transactionId);
  if (isOver(stage)) return;
  try {
    await hub.ask((steering) => steering.cancel(workflowId, { by: actorName(actor), comment, requestId }));
  } catch (error) {
    if (!isHubFailure(error) || error.reason !== 'not_waiting') throw error;
    const { stage: now, runId } = await loadTransaction(hub.pool, transactionId);
    if (isOver(now)) return;
    // No outcome, which would be kept: the same call under the same key may do a moment later.
    if (runId === null) throw problem(503, 'unavailable', 'It has not begun yet: try again in a moment.');
    throw problem(409, 'not_waiting', 'It was interrupted: an operator resumes it first.');
  }
};

/** True: cancelled already. Throws `already_done` when it ended otherwise. */
const isOver = (stage: Stage): boolean => {
  if (isFinal(stage) && stage !== 'cancelled')
    throw problem(409, 'already_done', `Too late to cancel: it is over (${STAGES[stage]}).`);
  return stage === 'cancelled';
};
