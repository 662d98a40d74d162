import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import { loadTransaction, reachStage, refundedBy } from '../../db/repositories/transactions.ts';
import { clearingCode, walletCode } from '../../domain/chart-of-accounts.ts';
import { compare, isPositive, round } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';
import { noteNotGivenBack } from '../transactions/refunds.ts';
import type { Aftermath } from '../payments/find-aftermath.ts';

export interface AftermathInput {
  transactionId: number;
  seen: Aftermath;
}

/**
 * What happened to a payout after its end. Came back after `done`: the client gets it, once, and never more than was paid. Paid
 * although it ended otherwise: flagged, because the client has it twice and only a person can settle that.
 */
export const bookAftermath: Activity<AftermathInput, { outcome: string }> = async (
  { transactionId, seen },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    await db.query(`select from money_transaction where transaction_id = $1 for update`, [transactionId]);
    const payout = await loadTransaction(db, transactionId);
    const object = `transaction:${transactionId}`;
    if (payout.stage === 'done' && seen.state === 'returned') {
      const back = seen.amount === null ? '0' : round(seen.amount, payout.currency.minorUnit, 'down');
      if (!isPositive(back)) return { outcome: 'came back, amount unknown' };
      const amount = compare(back, payout.amount) > 0 ? payout.amount : back;
      const clearing = clearingCode(payout.connectionId!, payout.currency.alphabeticCode);
      await reachStage(db, transactionId, 'returned', {
        providerStatus: seen.providerStatus,
        resolution: 'The provider gave the money back.',
      });
      const to = walletCode(payout.debitAccountId!);
      await post(db, `transaction:${transactionId}:return`, [{ do: 'post', from: clearing, to, amount }]);
      const refundOf = refundedBy(payout);
      if (refundOf !== null) await noteNotGivenBack(db, refundOf);
      await recordAudit(db, { actor: 'workflow', action: 'payout.returned', object, after: { amount }, ...run });
      return { outcome: 'returned' };
    }
    const paid = seen.state === 'succeeded' || seen.state === 'processing' || seen.state === 'awaiting_approval';
    if (paid && payout.stage !== 'done' && payout.stage !== 'returned') {
      const why = `The provider says ${seen.providerStatus}, but this payout ended as ${payout.stage}.`;
      await db.query(`update money_transaction set needs_human = $2, update_time = now() where transaction_id = $1`, [
        transactionId,
        why,
      ]);
      await recordAudit(db, { actor: 'workflow', action: 'payout.contradicted', object, after: { why }, ...run });
      return { outcome: 'paid although it ended' };
    }
    return { outcome: 'nothing new' };
  });
