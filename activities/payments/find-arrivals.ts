import type { Arrival, Reversal } from '../../adapters/kit/payments.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';

export interface Arrivals {
  arrivals: Arrival[];
  reversals: Reversal[];
}

/** Every payment the provider knows for an address or a deposit of ours, new or old, and what it took back of them. */
export const findArrivals: Activity<{ reference: string; connectionId: number }, Arrivals> = async (
  { reference, connectionId },
  { open, signal },
) => {
  const { adapter, ctx } = await open('payments', connectionId, signal, { begun: reference });
  if (!adapter.findDeposit)
    throw new HubFailure('Unsupported', 'unsupported', 'The provider cannot be asked about deposits.');
  const report = await adapter.findDeposit(ctx, { reference });
  return { arrivals: report?.arrivals ?? [], reversals: report?.reversals ?? [] };
};
