import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';

/**
 * Takes a prepared payout back at the provider. Null: there is nothing to take back. A report of one that is being paid: too late. Harmless to
 * repeat; throws when it could not be asked.
 */
export const cancelPayout: Activity<{ transactionId: number }, Pick<PayoutReport, 'state'> | null> = async (
  { transactionId },
  { pool, open, signal },
) => {
  const { connectionId, reference } = await loadTransaction(pool, transactionId);
  const { adapter, ctx } = await open('payments', connectionId!, signal, { begun: reference });
  if (!adapter.cancelPayout) throw new HubFailure('Unsupported', 'unsupported', 'The provider takes no payouts back.');
  const report = await adapter.cancelPayout(ctx, { reference });
  return report && { state: report.state };
};
