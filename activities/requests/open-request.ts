import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadTransaction, setStage } from '../../db/repositories/transactions.ts';
import type { OpenRequest, Purpose } from '../../domain/decisions.ts';
import type { Stage } from '../../domain/stages.ts';
import type { Activity } from '../kit/activity.ts';

export interface Asking {
  transactionId: number;
  purpose: Purpose;
  why: string;
  needed: 1 | 2;
  /** What an approval would move; null when there is nothing to approve yet. */
  amount: string | null;
}

const STAGE_OF: Record<Purpose, Stage> = { approval: 'awaiting_approval', assistance: 'assistance', review: 'review' };

/** Puts a request before the operators. A transaction has one open request at most: asking again renews it. */
export const openRequest: Activity<Asking, OpenRequest> = async (
  { transactionId, purpose, why, needed, amount },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    const transaction = await loadTransaction(db, transactionId);
    const data = { transactionId, amount, rate: null, why };
    const { rows } = await db.query<{ id: number; purpose: Purpose }>(
      `insert into application (client_id, type, purpose, transaction_id, workflow_id, approvals_needed, requested_by, data)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (transaction_id) where status_id in (0, 3) do update
         set purpose = excluded.purpose, approvals_needed = excluded.approvals_needed,
             data = case when application.purpose = excluded.purpose then application.data else excluded.data end, update_time = now()
       returning id, purpose`,
      [
        transaction.clientId,
        transaction.type,
        purpose,
        transactionId,
        run.workflowId,
        needed,
        transaction.userId,
        data,
      ],
    );
    const request = rows[0]!;
    await setStage(db, transactionId, STAGE_OF[purpose], { needsHuman: why });
    await recordAudit(db, {
      actor: 'workflow',
      action: `requests.open`,
      object: `request:${request.id}`,
      after: { purpose, why, needed },
      ...run,
    });
    return { applicationId: request.id, purpose };
  });
