import type { AdapterContext } from '../../adapters/kit/context.ts';
import type { TradingAdapter } from '../../adapters/kit/trading.ts';
import { pausedFor } from '../../db/repositories/connection-health.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { TradingAccountFacts } from '../../activities/intake/trading-account.ts';
import type { MoneyHub } from '../money/hub.ts';

/** How long a person waits for a platform, milliseconds. */
const DEADLINE_MS = 12_000;

/**
 * Asks a platform about one account, from this process: what it shows changes by the second, so it is not remembered. A platform that is paused, silent or
 * unreadable is `Unavailable` with its reason; nothing is ever made up.
 */
export const atPlatform = async <T>(
  hub: MoneyHub,
  { connectionId, accountNumber }: TradingAccountFacts,
  question: (adapter: TradingAdapter, ctx: AdapterContext, login: string) => Promise<T>,
): Promise<T> => {
  const paused = await pausedFor(hub.pool, connectionId);
  if (paused !== null) throw silent({ retryAfter: paused });
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const { adapter, ctx } = await hub.tools().open('trading', connectionId, signal);
  try {
    return await question(adapter, ctx, accountNumber!);
  } catch (error) {
    throw asAnswer(error, signal);
  }
};

const silent = (facts: { retryAfter?: number } = {}) =>
  new HubFailure('Unavailable', 'provider_unavailable', 'The trading platform does not answer now.', facts);

const asAnswer = (error: unknown, signal: AbortSignal): unknown => {
  if (!isHubFailure(error))
    return signal.aborted
      ? silent()
      : new HubFailure('Unavailable', 'provider_garbage', 'The trading platform answers what cannot be read.');
  // The account is one of ours: it is the platform that does not know it.
  if (error.type === 'NotFound')
    return new HubFailure('Rejected', 'provider_refused', 'The trading platform does not know this account.');
  return error;
};
