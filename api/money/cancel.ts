import { actorName, type Actor } from '../kit/access.ts';
import type { MoneyHub } from './hub.ts';

/**
 * Stops a movement while nothing was sent yet; doing it twice is harmless. Throws `already_done` (money may be on its way, or has
 * arrived) or `not_waiting`.
 */
export const cancelTransaction = async (
  hub: MoneyHub,
  actor: Actor,
  { workflowId, stage }: { workflowId: string; stage: string },
  { comment, requestId }: { comment?: string | undefined; requestId: string },
): Promise<void> => {
  if (stage === 'cancelled') return;
  await hub.ask((steering) => steering.cancel(workflowId, { by: actorName(actor), comment, requestId }));
};
