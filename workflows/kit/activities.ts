import { proxyActivities } from '@temporalio/workflow';
import type { InternalActivities, ProviderActivities } from '../../activities/index.ts';
import { connectionQueue } from '../../domain/queues.ts';

/**
 * Our own database work. Idempotent by operation key, so it is tried again for as long as it takes: money does not give up
 * because PostgreSQL is being restarted. `summary` is what an operator reads in Temporal UI.
 */
export const internal = (summary: string) =>
  proxyActivities<InternalActivities>({
    summary,
    startToCloseTimeout: '20s',
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '20s' },
  });

/**
 * Calls to a provider, on its own queue. Never retried by the platform: the story decides what a lost answer means.
 * The HTTP deadline is below 30 s, so an honest attempt ends before `startToClose` does.
 */
export const atProvider = (connectionId: number, summary: string) =>
  proxyActivities<ProviderActivities>({
    summary,
    taskQueue: connectionQueue(connectionId),
    startToCloseTimeout: '45s',
    retry: { maximumAttempts: 1 },
  });

/** Reads at a provider that nobody waits for: asked again for as long as it takes. */
export const askProvider = (connectionId: number, summary: string) =>
  proxyActivities<Pick<ProviderActivities, 'findArrivals' | 'findReturn'>>({
    summary,
    taskQueue: connectionQueue(connectionId),
    startToCloseTimeout: '45s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
  });
