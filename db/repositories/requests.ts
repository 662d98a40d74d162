import type { Purpose } from '../../domain/decisions.ts';
import type { Queryable } from '../pool.ts';

/** Closes whatever is still open for a transaction because it ended by itself; nobody decided. */
export const closeRequests = async (
  db: Queryable,
  transactionId: number,
  as: 'approved' | 'rejected',
): Promise<void> => {
  await db.query(
    `update application set status_id = $2, update_time = now(), process_time = now() where transaction_id = $1 and status_id in (0, 3)`,
    [transactionId, as === 'approved' ? 1 : 2],
  );
};

export interface RequestRow {
  id: number;
  purpose: Purpose;
  statusId: number;
  transactionId: number;
  workflowId: string;
  approvalsNeeded: 1 | 2;
  requestedBy: number | null;
  editedBy: number | null;
  data: { transactionId: number; amount: string | null; rate: string | null; why?: string };
}

export const loadRequest = async (db: Queryable, id: number, lock = false): Promise<RequestRow | null> => {
  const { rows } = await db.query<RequestRow>(
    `select id, purpose, status_id as "statusId", transaction_id as "transactionId", workflow_id as "workflowId", approvals_needed as "approvalsNeeded",
            requested_by as "requestedBy", edited_by as "editedBy", data from application where id = $1 ${lock ? 'for update' : ''}`,
    [id],
  );
  return rows[0] ?? null;
};
