import type { DepositAction } from '../../adapters/kit/payments.ts';
import { setStage } from '../../db/repositories/transactions.ts';
import type { Activity } from '../kit/activity.ts';

/** Keeps the page on which the client says where his money shall go. */
export const notePayoutPrepared: Activity<{ transactionId: number; action: DepositAction }, void> = async (
  { transactionId, action },
  { pool },
) => void (await setStage(pool, transactionId, 'awaiting_client', { providerData: { action } }));
