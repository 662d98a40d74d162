import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadCorrection } from '../../db/repositories/corrections.ts';
import { post } from '../../db/repositories/ledger.ts';
import { closeRequests } from '../../db/repositories/requests.ts';
import { loadTransaction, reachStage } from '../../db/repositories/transactions.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import type { Activity } from '../kit/activity.ts';
import { holdKey } from './hold-funds.ts';

/** Books a correction that was approved: captures what was held of the wallet, or gives it what it lacks. */
export const bookCorrection: Activity<{ transactionId: number }, void> = async ({ transactionId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const { amount, debitAccountId, creditAccountId } = await loadTransaction(db, transactionId);
    const correction = await loadCorrection(db, transactionId);
    const { replayed } = await post(db, `transaction:${transactionId}:book`, [
      debitAccountId === null
        ? { do: 'post', from: correction.against, to: walletCode(creditAccountId!), amount }
        : { do: 'capture', hold: holdKey(transactionId), to: correction.against, amount },
    ]);
    if (replayed) return;
    await closeRequests(db, transactionId, 'approved');
    await reachStage(db, transactionId, 'done', { finalAmount: amount, needsHuman: null });
    await recordAudit(db, {
      actor: 'workflow',
      action: 'correction.booked',
      object: `transaction:${transactionId}`,
      after: { amount, ...correction },
      ...run,
    });
  });
