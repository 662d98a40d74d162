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
  { pool, open, signal },
) => {
  // By their id it is one request, and it is found where they search nothing.
  const { rows } = await pool.query<{ providerId: string }>(
    `select provider_id as "providerId" from money_transaction where reference = $1 and type = 'deposit' and provider_id is not null
      union all
     select provider_id from deposit_address where reference = $1 and provider_id is not null`,
    [reference],
  );
  const { adapter, ctx } = await open('payments', connectionId, signal, { begun: reference });
  if (!adapter.findDeposit)
    throw new HubFailure('Unsupported', 'unsupported', 'The provider cannot be asked about deposits.');
  const report = await adapter.findDeposit(ctx, { reference, ...rows[0] });
  return { arrivals: report?.arrivals ?? [], reversals: report?.reversals ?? [] };
};
