import { reachStage } from '../../db/repositories/transactions.ts';
import type { Activity } from '../kit/activity.ts';

/** The provider is asked now to move the money. Throws `Rejected` already_done for a transaction that is over. Harmless to repeat. */
export const noteSending: Activity<{ transactionId: number }, void> = ({ transactionId }, { pool }) =>
  reachStage(pool, transactionId, 'submitting');
