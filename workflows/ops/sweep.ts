import { internal } from '../kit/activities.ts';

/**
 * Picks up what a crash left between two durable steps. Run by a schedule every few seconds; each part is harmless to repeat.
 */
export async function sweep(): Promise<{ started: number; delivered: number; sealed: number }> {
  const { started } = await internal('Starting runs whose starter died').startWaiting();
  const { delivered } = await internal('Delivering callbacks that wait').deliverWaitingWebhooks();
  await internal('Bringing kept steps to their wizards').bringKeptSteps();
  await internal('Looking for payments nobody told of').lookForPayments();
  await internal('Waking verifications whose date has come').lookAfterVerifications();
  const { sealed } = await internal('Sealing the audit chain').sealAudit();
  await internal('Dropping what is too old to keep').dropExpired();
  return { started, delivered, sealed };
}
