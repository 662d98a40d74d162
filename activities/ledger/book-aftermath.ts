import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type LedgerTransfer, post } from '../../db/repositories/ledger.ts';
import { lockRefunded } from '../../db/repositories/refunds.ts';
import {
  loadTransaction,
  providerSide,
  reachStage,
  refundedBy,
  type TransactionRow,
} from '../../db/repositories/transactions.ts';
import { clearingCode, exchangeCode, walletCode } from '../../domain/chart-of-accounts.ts';
import { type Amount, compare, divide, isPositive, least, round } from '../../domain/money.ts';
import { chargeFor } from '../../domain/rates.ts';
import type { Activity } from '../kit/activity.ts';
import { noteNotGivenBack } from '../transactions/refunds.ts';
import type { Aftermath } from '../payments/find-aftermath.ts';
import { exchangedWith } from './book-payout.ts';

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
    await lockRefunded(db, transactionId);
    await db.query(`select from money_transaction where transaction_id = $1 for update`, [transactionId]);
    const payout = await loadTransaction(db, transactionId);
    const object = `transaction:${transactionId}`;
    if (payout.stage === 'returned' && seen.state === 'returned') return { outcome: 'returned' };
    if (payout.stage === 'done' && seen.state === 'returned') {
      const { currency } = providerSide(payout);
      const back = seen.amount === null ? '0' : round(seen.amount, currency.minorUnit, 'down');
      if (!isPositive(back)) return { outcome: 'came back, amount unknown' };
      const amount = least(back, payout.exchange?.amount ?? payout.amount);
      const clearing = clearingCode(payout.connectionId!, currency.alphabeticCode);
      await reachStage(db, transactionId, 'returned', {
        providerStatus: seen.providerStatus,
        resolution: 'The provider gave the money back.',
      });
      const to = walletCode(payout.debitAccountId!);
      await post(db, `transaction:${transactionId}:return`, returned(payout, { clearing, to, amount }));
      const refundOf = refundedBy(payout);
      if (refundOf !== null) await noteNotGivenBack(db, refundOf);
      await recordAudit(db, { actor: 'workflow', action: 'payout.returned', object, after: { amount }, ...run });
      return { outcome: 'returned' };
    }
    const paid = seen.state === 'succeeded' || seen.state === 'processing' || seen.state === 'awaiting_approval';
    if (paid && payout.stage !== 'done' && payout.stage !== 'returned') {
      const why = `The provider says ${seen.providerStatus}, but this payout ended as ${payout.stage}.`;
      const { rowCount } = await db.query(
        `update money_transaction set needs_human = $2, update_time = now() where transaction_id = $1 and needs_human is distinct from $2`,
        [transactionId, why],
      );
      if (rowCount === 1)
        await recordAudit(db, { actor: 'workflow', action: 'payout.contradicted', object, after: { why }, ...run });
      return { outcome: 'paid although it ended' };
    }
    return { outcome: 'nothing new' };
  });

/** Back to the client; when it had changed currency at the same rate, and never more than he was charged for it. */
const returned = (
  payout: TransactionRow,
  { clearing, to, amount }: { clearing: string; to: string; amount: Amount },
): LedgerTransfer[] => {
  const { exchange, currency } = payout;
  if (!exchange) return [{ do: 'post', from: clearing, to, amount }];
  const charged = chargeFor(exchange.amount!, exchangedWith(payout));
  const whole = compare(amount, exchange.amount!) >= 0;
  const worth = whole ? charged : least(charged, divide(amount, exchange.rate!, currency.minorUnit, 'down'));
  const taken: LedgerTransfer = {
    do: 'post',
    from: clearing,
    to: exchangeCode(exchange.currency.alphabeticCode),
    amount,
  };
  const given: LedgerTransfer = { do: 'post', from: exchangeCode(currency.alphabeticCode), to, amount: worth };
  return isPositive(worth) ? [taken, given] : [taken];
};
