import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { loadTransaction, providerSide } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { sameCurrency } from '../kit/answer.ts';
import { beneficiarySide } from './beneficiary-side.ts';
import { judgePayout } from './judge-payout.ts';

/** The probe: null only when the provider clearly never saw this payout; throws when it could not be asked. */
export const findPayout: Activity<{ transactionId: number }, Answer<PayoutReport> | null> = async (
  { transactionId },
  { pool, open, signal },
) => {
  const payout = await loadTransaction(pool, transactionId);
  const { adapter, ctx } = await open('payments', payout.connectionId!, signal, { begun: payout.reference });
  if (!adapter.findPayout)
    throw new HubFailure('Unsupported', 'unsupported', 'The provider cannot be asked about payouts.');
  const report = await adapter.findPayout(ctx, {
    reference: payout.reference,
    ...(payout.providerId ? { providerId: payout.providerId } : {}),
  });
  if (!report) return null;
  sameCurrency(providerSide(payout).currency.numericCode, report.currencyCode);
  return judgePayout(beneficiarySide(payout).amount)(report);
};
