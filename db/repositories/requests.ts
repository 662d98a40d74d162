import type { DecisionWord, Purpose } from '../../domain/decisions.ts';
import type { Reason } from '../../domain/reasons.ts';
import type { Stage } from '../../domain/stages.ts';
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

export const REQUEST_COLUMNS = `id, purpose, status_id as "statusId", transaction_id as "transactionId", workflow_id as "workflowId",
  approvals_needed as "approvalsNeeded", requested_by as "requestedBy", edited_by as "editedBy", data`;

/** Locks it. */
export const loadRequest = async (db: Queryable, id: number): Promise<RequestRow | null> => {
  const { rows } = await db.query<RequestRow>(`select ${REQUEST_COLUMNS} from application where id = $1 for update`, [
    id,
  ]);
  return rows[0] ?? null;
};

/** What was made of a decision, kept under the Update that brought it. */
export type DecisionOutcome =
  | { recorded: { proven: boolean; amount: string; missing: number } }
  | { refused: { reason: Reason; message: string; field: string | null } };

/** What is to be known about a decision before it is written down. Null: there is no such active user, no such enabled resolution. */
export interface DecisionFacts {
  outcome: DecisionOutcome | null;
  /** Whether the user may decide requests, and sees this one's client. */
  may: boolean | null;
  resolution: string | null;
  stage: Stage;
}

export const loadDecisionFacts = async (
  db: Queryable,
  asked: { applicationId: number; updateId: string; userId: number; resolutionId: number | null },
): Promise<DecisionFacts> => {
  const { rows } = await db.query<DecisionFacts>(
    `select (select outcome from decision_outcome where application_id = a.id and update_id = $2) as outcome,
            (select exists (select from hub_user_group ug join user_group g on g.id = ug.group_id
                             where ug.user_id = u.id and g.permissions && array['*', 'requests.update'])
                    and (not exists (select from hub_user_tag where user_id = u.id)
                         or exists (select from hub_user_tag ut join client_tag ct using (tag_id) where ut.user_id = u.id and ct.client_id = a.client_id))
               from hub_user u where u.id = $3 and u.active) as may,
            (select name from resolution where id = $4 and enabled) as resolution,
            (select stage from money_transaction t where t.transaction_id = a.transaction_id) as stage
       from application a where a.id = $1`,
    [asked.applicationId, asked.updateId, asked.userId, asked.resolutionId],
  );
  return rows[0]!;
};

export interface DecisionToWrite {
  applicationId: number;
  updateId: string;
  userId: number;
  word: DecisionWord;
  via: 'api' | 'temporal-ui';
  resolutionId: number | null;
  comment: string | null;
  /** 1 approved, 2 rejected; null leaves the request open. */
  closesAs: 1 | 2 | null;
  outcome: DecisionOutcome;
}

/** Writes a decision and its outcome down, and closes the request when it was the last word. One statement. */
export const writeDecision = async (db: Queryable, decision: DecisionToWrite): Promise<void> => {
  const { applicationId, updateId, userId, word, via, resolutionId, comment, closesAs, outcome } = decision;
  await db.query(
    `with decided as (
       insert into application_decision (application_id, user_id, decision, via, resolution_id, comment) values ($1, $2, $3, $4, $5, $6)
       on conflict (application_id, user_id) do update set decision = excluded.decision, via = excluded.via, resolution_id = excluded.resolution_id,
         comment = excluded.comment, create_time = now()),
     closed as (
       update application set status_id = $7, user_id = $2, resolution_id = $5, comment = coalesce($6, comment), update_time = now(), process_time = now()
        where $7::smallint is not null and id = $1 and status_id in (0, 3))
     insert into decision_outcome (application_id, update_id, outcome) values ($1, $8, $9)`,
    [applicationId, userId, word, via, resolutionId, comment, closesAs, updateId, outcome],
  );
};

/** False when there is an outcome already. */
export const keepRefusal = async (
  db: Queryable,
  { applicationId, updateId }: { applicationId: number; updateId: string },
  outcome: DecisionOutcome,
): Promise<boolean> =>
  (
    await db.query(
      `insert into decision_outcome (application_id, update_id, outcome) values ($1, $2, $3) on conflict do nothing`,
      [applicationId, updateId, outcome],
    )
  ).rowCount === 1;
