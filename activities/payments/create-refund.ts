import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { loadTransaction, refundedBy } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf, sameCurrency } from '../kit/answer.ts';
import { assertOwnRun } from '../transactions/own-run.ts';
import { assertRefundable } from '../transactions/refunds.ts';
import { judgePayout } from './judge-payout.ts';

/**
 * Asks the provider to give a deposit, or a part of it, back the way it came. What is left of it is counted again at each attempt, because the provider
 * may have taken it back while this one waited. After a lost answer such a no is not the last word: the story asks the provider.
 */
export const createRefund: Activity<{ transactionId: number }, Answer<PayoutReport>> = async (
  { transactionId },
  tools,
) => {
  const { pool, open, signal } = tools;
  const refund = await loadTransaction(pool, transactionId);
  const { connectionId, reference, amount, currency } = refund;
  return answerOf(async () => {
    await assertOwnRun(tools, refund);
    const deposit = await loadTransaction(pool, refundedBy(refund)!);
    await assertRefundable(pool, deposit.transactionId, amount, transactionId);
    const { adapter, ctx } = await open('payments', connectionId!, signal, { begins: reference });
    if (!adapter.createRefund) throw new HubFailure('Unsupported', 'unsupported', 'The provider makes no refunds.');
    const report = await adapter.createRefund(ctx, { reference, deposit: refOf(deposit), amount, currency });
    sameCurrency(currency.numericCode, report.currencyCode);
    return report;
  }, judgePayout(amount));
};

/** How the provider finds the deposit again. */
export const refOf = ({ reference, providerId }: { reference: string; providerId: string | null }) => ({
  reference,
  ...(providerId ? { providerId } : {}),
});
