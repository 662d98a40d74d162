import type pg from 'pg';
import type { Logger } from 'pino';
import type { Tools } from '../activities/kit/activity.ts';
import { claimTrial, closeBreaker, reopenBreaker } from '../db/repositories/connection-health.ts';
import { openConnectionRow } from '../db/repositories/connections.ts';
import { isTransportFailure } from '../domain/breaker.ts';
import { isHubFailure } from '../domain/failures.ts';

interface Trial {
  pool: pg.Pool;
  tools: Omit<Tools, 'run' | 'signal'>;
  pauses: readonly number[];
  log: Logger;
}

/** Longer than any trial; a worker that dies during one blocks the next ones for no longer. */
const LEASE_MS = 90_000;
const TRIAL_MS = 60_000;

/**
 * One worker of all asks the provider whether it is back. Any answer will do, a refusal too: only silence keeps the queue paused, for longer than
 * before. True when calls may go on.
 */
export const tryAgain = async ({ pool, tools, pauses, log }: Trial, connectionId: number): Promise<boolean> => {
  if (!(await claimTrial(pool, connectionId, LEASE_MS))) return false;
  try {
    const { provider } = await openConnectionRow(pool, tools.ring, connectionId);
    const { category } = tools.provider(provider);
    const { adapter, ctx } = await tools.open(category, connectionId, AbortSignal.timeout(TRIAL_MS));
    await adapter.testConnection(ctx);
  } catch (error) {
    if (!isHubFailure(error) || isTransportFailure(error.type, error.reason)) {
      await reopenBreaker(pool, connectionId, pauses);
      return false;
    }
  }
  await closeBreaker(pool, connectionId);
  log.info({ connection: connectionId }, 'answers again');
  return true;
};
