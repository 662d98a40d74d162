import type { PayoutState } from '../../adapters/kit/payments.ts';
import { loadTransaction, providerSide, refundedBy } from '../../db/repositories/transactions.ts';
import type { Amount } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';
import { sameCurrency } from '../kit/answer.ts';
import { refOf } from './create-refund.ts';

export interface Aftermath {
  state: PayoutState;
  providerStatus: string;
  /** What was paid, or came back. */
  amount: Amount | null;
}

/** How a payout, or a refund, stands at the provider after it was over for us. Null when the provider knows none. */
export const findAftermath: Activity<{ transactionId: number }, Aftermath | null> = async (
  { transactionId },
  { pool, open, signal },
) => {
  const payout = await loadTransaction(pool, transactionId);
  const { adapter, ctx } = await open('payments', payout.connectionId!, signal, { begun: payout.reference });
  const refundOf = refundedBy(payout);
  const report =
    refundOf === null
      ? await adapter.findPayout?.(ctx, refOf(payout))
      : await adapter.findRefund?.(ctx, { ...refOf(payout), deposit: refOf(await loadTransaction(pool, refundOf)) });
  if (report) sameCurrency(providerSide(payout).currency.numericCode, report.currencyCode);
  return report ? { state: report.state, providerStatus: report.providerStatus, amount: report.processed } : null;
};
