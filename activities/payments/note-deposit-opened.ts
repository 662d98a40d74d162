import type { DepositReport } from '../../adapters/kit/payments.ts';
import { setStage } from '../../db/repositories/transactions.ts';
import type { Activity } from '../kit/activity.ts';

/** Keeps what the client needs to pay: the page or the address. */
export const noteDepositOpened: Activity<{ transactionId: number; report: DepositReport }, void> = async (
  { transactionId, report },
  { pool },
) =>
  void (await setStage(pool, transactionId, 'awaiting_payer', {
    providerId: report.providerId,
    providerStatus: report.providerStatus,
    // Found again, some providers do not tell it once more: the client's page is still the one he was sent to.
    ...(report.action.kind !== 'none' && { providerData: { action: report.action } }),
  }));
