import type { Arrival } from '../../adapters/kit/payments.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';

/** Every payment the provider knows for an address or a deposit of ours, new or old. */
export const findArrivals: Activity<{ reference: string; connectionId: number }, Arrival[]> = async (
  { reference, connectionId },
  { open, signal },
) => {
  const { adapter, ctx } = await open('payments', connectionId, signal, { begun: reference });
  if (!adapter.findDeposit)
    throw new HubFailure('Unsupported', 'unsupported', 'The provider cannot be asked about deposits.');
  return (await adapter.findDeposit(ctx, { reference }))?.arrivals ?? [];
};
