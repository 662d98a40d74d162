import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import { loadAccountFacts } from '../../db/repositories/orders.ts';
import { closeRequests } from '../../db/repositories/requests.ts';
import { loadTransaction, reachStage } from '../../db/repositories/transactions.ts';
import type { Activity } from '../kit/activity.ts';
import { holdKey } from './hold-funds.ts';

/** Books a transfer whose platform part, if it has one, is certain: captures the hold, or credits what the platform gave. */
export const bookTransfer: Activity<{ transactionId: number }, void> = async ({ transactionId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const transfer = await loadTransaction(db, transactionId);
    const from = (await loadAccountFacts(db, transfer.debitAccountId!))!;
    const to = (await loadAccountFacts(db, transfer.creditAccountId!))!;
    const { amount } = transfer;
    const { replayed } = await post(db, `transaction:${transactionId}:book`, [
      from.connectionId === null
        ? { do: 'capture', hold: holdKey(transactionId), to: to.ledgerCode, amount }
        : { do: 'post', from: from.ledgerCode, to: to.ledgerCode, amount },
    ]);
    if (replayed) return;
    await closeRequests(db, transactionId, 'approved');
    await reachStage(db, transactionId, 'done', { finalAmount: amount, needsHuman: null });
    await recordAudit(db, {
      actor: 'workflow',
      action: 'transfer.booked',
      object: `transaction:${transactionId}`,
      after: { amount },
      ...run,
    });
  });
