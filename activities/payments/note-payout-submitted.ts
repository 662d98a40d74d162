import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { setStage } from '../../db/repositories/transactions.ts';
import type { Activity } from '../kit/activity.ts';

/** The provider has it and works on it. */
export const notePayoutSubmitted: Activity<{ transactionId: number; report: PayoutReport }, void> = async (
  { transactionId, report },
  { pool },
) =>
  void (await setStage(pool, transactionId, 'submitted', {
    providerId: report.providerId,
    providerStatus: report.providerStatus,
    needsHuman: report.unknownWord ? `The provider says '${report.providerStatus}', which we do not know.` : null,
  }));
