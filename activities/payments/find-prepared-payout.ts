import type { Preparation } from '../../adapters/kit/payments.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';

/** Whether the client has said where to pay. Null when the provider clearly knows no such payout; throws when it could not be asked. */
export const findPreparedPayout: Activity<{ transactionId: number }, Preparation | null> = async (
  { transactionId },
  { pool, open, signal },
) => {
  const { connectionId, reference } = await loadTransaction(pool, transactionId);
  const { adapter, ctx } = await open('payments', connectionId!, signal, { begun: reference });
  if (!adapter.findPreparedPayout)
    throw new HubFailure('Unsupported', 'unsupported', 'The provider asks no client where to pay.');
  return adapter.findPreparedPayout(ctx, { reference });
};
