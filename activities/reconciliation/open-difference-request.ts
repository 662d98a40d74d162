import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadDifference } from '../../db/repositories/differences.ts';
import type { OpenRequest } from '../../domain/decisions.ts';
import type { Activity } from '../kit/activity.ts';

/** Puts a difference before the operators. It has one open request at most: asking again renews it. Null: there is nothing to ask any more. */
export const openDifferenceRequest: Activity<{ differenceId: number }, OpenRequest | null> = async (
  { differenceId },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    // The request first, as whoever decides about it does: so neither waits for the other.
    await db.query(`select from application where difference_id = $1 and status_id in (0, 3) for update`, [
      differenceId,
    ]);
    const { state, kind, why, clientId, transactionId, accountId, connectionId } = await loadDifference(
      db,
      differenceId,
      true,
    );
    if (state !== 'open') return null;
    const data = { differenceId, kind, why, connectionId, aboutTransactionId: transactionId, accountId };
    const { rows } = await db.query<{ applicationId: number; fresh: boolean }>(
      `insert into application (client_id, type, purpose, difference_id, workflow_id, data) values ($1, 'reconciliation', 'difference', $2, $3, $4)
       on conflict (difference_id) where status_id in (0, 3) do update set data = excluded.data,
         update_time = case when application.data = excluded.data then application.update_time else now() end
       returning id as "applicationId", xmax = 0 as fresh`,
      [clientId, differenceId, run.workflowId, data],
    );
    const { applicationId, fresh } = rows[0]!;
    if (fresh) {
      await recordAudit(db, {
        actor: 'workflow',
        action: 'requests.open',
        object: `request:${applicationId}`,
        after: { purpose: 'difference', why, needed: 1 },
        ...run,
      });
    }
    return { applicationId, purpose: 'difference', needed: 1, amount: null };
  });
