import { actorName, type Actor } from '../kit/access.ts';
import type { MoneyHub } from './hub.ts';

/**
 * Stops a movement while nothing was sent yet; doing it twice is harmless. Throws `already_done` (money was sent or the run is
 * over) or `not_waiting`.
 */
export const cancelTransaction = async (
  hub: MoneyHub,
  actor: Actor,
  { workflowId, stage }: { workflowId: string; stage: string },
  comment?: string,
): Promise<void> => {
  if (stage === 'cancelled') return;
  await hub.ask((steering) => steering.cancel(workflowId, actorName(actor), comment));
};
