import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { settleTransaction } from '../../db/repositories/unsettled.ts';
import type { Activity } from '../kit/activity.ts';
import { type AftermathInput, aftermathNamed } from '../ledger/book-aftermath.ts';

/** Who cancelled the run that asked about a payout has settled what it showed. Who that was only Temporal knows. */
export const settleAftermath: Activity<AftermathInput, void> = async ({ transactionId, seen }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const shown = aftermathNamed(await loadTransaction(db, transactionId), seen);
    const settled = await settleTransaction(db, transactionId, [shown]);
    if (settled === null) return;
    await recordAudit(db, {
      actor: 'workflow',
      action: 'payout.settled',
      object: `transaction:${transactionId}`,
      before: { why: settled.why },
      after: { settled: settled.settled, how: 'its run was cancelled' },
      ...run,
    });
  });
