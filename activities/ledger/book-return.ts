import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import { loadTransaction, setStage } from '../../db/repositories/transactions.ts';
import { clearingCode, walletCode } from '../../domain/chart-of-accounts.ts';
import { type Amount, round } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';

/** A payout came back after it was done: the client gets what returned. */
export const bookReturn: Activity<
  { transactionId: number; returned: { amount: Amount; providerStatus: string } },
  void
> = async ({ transactionId, returned }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const payout = await loadTransaction(db, transactionId);
    const amount = round(returned.amount, payout.currency.minorUnit, 'down');
    const clearing = clearingCode(payout.connectionId!, payout.currency.alphabeticCode);
    await post(db, `transaction:${transactionId}:return`, [
      { do: 'post', from: clearing, to: walletCode(payout.debitAccountId!), amount },
    ]);
    await setStage(db, transactionId, 'returned', {
      providerStatus: returned.providerStatus,
      resolution: 'The provider gave the money back.',
    });
    await recordAudit(db, {
      actor: 'workflow',
      action: 'payout.returned',
      object: `transaction:${transactionId}`,
      after: { amount },
      ...run,
    });
  });
