import { ApplicationFailure, patched } from '@temporalio/workflow';
import type { InternalActivities } from '../../activities/index.ts';
import { internal } from '../kit/activities.ts';
import { hubFailureOf } from '../kit/stopped.ts';

/**
 * Picks up what a crash left between two durable steps. Run by a schedule every few seconds; each part is harmless to repeat. A part that fails
 * stops none of the others; the run fails at its end, for somebody to look.
 */
export async function sweep(): Promise<{ started: number; delivered: number; sealed: number }> {
  const failures: string[] = [];
  const part = async <T>(say: string, work: (hub: InternalActivities) => Promise<T>): Promise<T | null> => {
    try {
      return await work(internal(say));
    } catch (error) {
      const failure = hubFailureOf(error);
      if (!failure || !patched('one-part-stops-no-other')) throw error;
      failures.push(`${say}: ${failure.message}`);
      return null;
    }
  };

  const begun = await part('Starting runs whose starter died', (hub) => hub.startWaiting());
  const brought = await part('Delivering callbacks that wait', (hub) => hub.deliverWaitingWebhooks());
  await part('Bringing kept steps to their wizards', (hub) => hub.bringKeptSteps());
  await part('Looking for payments nobody told of', (hub) => hub.lookForPayments());
  await part('Waking verifications whose date has come', (hub) => hub.lookAfterVerifications());
  const chained = await part('Sealing the audit chain', (hub) => hub.sealAudit());
  await part('Dropping what is too old to keep', (hub) => hub.dropExpired());

  if (failures.length > 0)
    throw ApplicationFailure.create({ type: 'Config', message: failures.join('; '), nonRetryable: true });
  return { started: begun?.started ?? 0, delivered: brought?.delivered ?? 0, sealed: chained?.sealed ?? 0 };
}
