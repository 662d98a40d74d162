import { loadTransaction } from '../../db/repositories/transactions.ts';
import type { Amount } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';

/** After a payout is done: what came back of it, null when nothing did. */
export const findReturn: Activity<
  { transactionId: number },
  { amount: Amount; providerStatus: string } | null
> = async ({ transactionId }, { pool, open, signal }) => {
  const payout = await loadTransaction(pool, transactionId);
  const { adapter, ctx } = await open('payments', payout.connectionId!, signal);
  const report = await adapter.findPayout?.(ctx, {
    reference: payout.reference,
    ...(payout.providerId ? { providerId: payout.providerId } : {}),
  });
  if (report?.state !== 'returned' || report.processed === null) return null;
  return { amount: report.processed, providerStatus: report.providerStatus };
};
