import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { loadTransaction, refundedBy } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { sameCurrency } from '../kit/answer.ts';
import { refOf } from './create-refund.ts';
import { judgePayout } from './judge-payout.ts';

/** The probe: null only when the provider clearly never saw this refund; throws when it could not be asked. */
export const findRefund: Activity<{ transactionId: number }, Answer<PayoutReport> | null> = async (
  { transactionId },
  { pool, open, signal },
) => {
  const refund = await loadTransaction(pool, transactionId);
  const deposit = await loadTransaction(pool, refundedBy(refund)!);
  const { adapter, ctx } = await open('payments', refund.connectionId!, signal, { begun: refund.reference });
  if (!adapter.findRefund)
    throw new HubFailure('Unsupported', 'unsupported', 'The provider cannot be asked about refunds.');
  const report = await adapter.findRefund(ctx, { ...refOf(refund), deposit: refOf(deposit) });
  if (!report) return null;
  sameCurrency(refund.currency.numericCode, report.currencyCode);
  return judgePayout(refund.amount)(report);
};
