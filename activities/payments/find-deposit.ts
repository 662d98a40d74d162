import type { DepositReport } from '../../adapters/kit/payments.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { sameCurrency } from '../kit/answer.ts';

/** Asks the provider how a deposit stands. Null when it clearly knows none; throws when it could not be asked. */
export const findDeposit: Activity<{ transactionId: number }, DepositReport | null> = async (
  { transactionId },
  { pool, open, signal },
) => {
  const deposit = await loadTransaction(pool, transactionId);
  // Money that arrived on its own is looked up under the address or deposit it came to.
  const reference = (deposit.providerData as { arrivalOf?: string }).arrivalOf ?? deposit.reference;
  const { adapter, ctx } = await open('payments', deposit.connectionId!, signal, { begun: reference });
  if (!adapter.findDeposit)
    throw new HubFailure('Unsupported', 'unsupported', 'The provider cannot be asked about deposits.');
  const report = await adapter.findDeposit(ctx, {
    reference,
    ...(deposit.arrival === null && deposit.providerId ? { providerId: deposit.providerId } : {}),
  });
  if (report) sameCurrency(deposit.currency.numericCode, report.currencyCode);
  return report;
};
