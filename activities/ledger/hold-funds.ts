import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { isSettled, post } from '../../db/repositories/ledger.ts';
import { loadTransaction, reachStage } from '../../db/repositories/transactions.ts';
import { walletCode } from '../../domain/chart-of-accounts.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';

/** The operation that holds a transaction's money; capture and release name it. */
export const holdKey = (transactionId: number): string => `transaction:${transactionId}:hold`;

/** Holds the amount on the client's wallet. Throws `Rejected` insufficient_funds; hold_settled when a run before this one has given it back already. */
export const holdFunds: Activity<{ transactionId: number }, void> = async ({ transactionId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const { type, amount, debitAccountId } = await loadTransaction(db, transactionId);
    const { replayed } = await post(db, holdKey(transactionId), [
      { do: 'hold', from: walletCode(debitAccountId!), amount },
    ]);
    if (replayed) {
      if (await isSettled(db, holdKey(transactionId)))
        throw new HubFailure('Rejected', 'hold_settled', 'The hold was given back already.');
      return;
    }
    await reachStage(db, transactionId, 'held');
    await recordAudit(db, {
      actor: 'workflow',
      action: `${type}.held`,
      object: `transaction:${transactionId}`,
      after: { amount },
      ...run,
    });
  });
