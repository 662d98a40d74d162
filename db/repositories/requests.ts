import type { DecisionWord, Purpose } from '../../domain/decisions.ts';
import type { SaidBefore } from '../../domain/money-order.ts';
import type { Reason } from '../../domain/reasons.ts';
import type { Queryable } from '../pool.ts';

/** Closes whatever is still open for a transaction because it ended without a decision: by itself, or because somebody, `by` an operator, stopped it. */
export const closeRequests = async (
  db: Queryable,
  transactionId: number,
  as: 'approved' | 'rejected',
  by: { userId: number | null; comment: string | null } = { userId: null, comment: null },
): Promise<void> => {
  await db.query(
    `update application set status_id = $2, user_id = coalesce($3, user_id), comment = coalesce($4, comment), update_time = now(), process_time = now()
      where transaction_id = $1 and status_id in (0, 3)`,
    [transactionId, as === 'approved' ? 1 : 2, by.userId, by.comment],
  );
};

/** What people said last about a transaction, whichever run they said it to; null: nobody said anything. "Keep asking" says nothing. */
export const lastWord = async (db: Queryable, transactionId: number): Promise<SaidBefore | null> => {
  const { rows } = await db.query<SaidBefore>(
    `select d.decision as word, d.resolution_id as "resolutionId", d.comment from application_decision d join application a on a.id = d.application_id
      where a.transaction_id = $1 and d.decision <> 'continue' order by d.create_time desc limit 1`,
    [transactionId],
  );
  return rows[0] ?? null;
};

/** Closes what is asked about a verification because it has gone on; nobody decided. */
export const closeCaseRequest = async (db: Queryable, caseId: number, why: string): Promise<void> => {
  await db.query(
    `update application set status_id = 2, user_id = null, comment = concat_ws(e'\\n', comment, $2::text), update_time = now(), process_time = now()
      where kyc_case_id = $1 and status_id in (0, 3)`,
    [caseId, why],
  );
};

/** The last request about a verification that nobody decided; null: none. */
export const lastClosedOf = async (db: Queryable, caseId: number): Promise<number | null> =>
  (
    await db.query<{ id: number | null }>(
      `select max(id) as id from application where kyc_case_id = $1 and status_id = 2 and user_id is null`,
      [caseId],
    )
  ).rows[0]!.id;

/** What a client is told of why his request was rejected. */
export const resolutionText = async (db: Queryable, resolutionId: number | null): Promise<string | null> =>
  (
    await db.query<{ text: string }>(`select coalesce(description, name) as text from resolution where id = $1`, [
      resolutionId,
    ])
  ).rows[0]?.text ?? null;

export interface RequestRow {
  id: number;
  /** What it is about, in B2Core's words. */
  type: string;
  purpose: Purpose;
  statusId: number;
  /** Null when it is about something else than a movement. */
  transactionId: number | null;
  /** Null when it is about something else than two books that differ. */
  differenceId: number | null;
  /** Null when it is about something else than a change of a client. */
  changeId: number | null;
  /** Null when it is about something else than a verification. */
  caseId: number | null;
  workflowId: string;
  approvalsNeeded: 1 | 2;
  requestedBy: number | null;
  editedBy: number | null;
  /** By type (objects-back-office 4.4); `amount` of those about money. */
  data: { amount?: string | null; [member: string]: unknown };
}

export const REQUEST_COLUMNS = `id, type, purpose, status_id as "statusId", transaction_id as "transactionId", difference_id as "differenceId", change_id as "changeId", kyc_case_id as "caseId",
  workflow_id as "workflowId",
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

export interface Resolution {
  name: string;
  /** Of its type: the requests it is for; none named: for all. */
  requestTypes: string[];
}

/** What is to be known about a decision before it is written down. */
export interface DecisionFacts {
  request: RequestRow;
  /** Of the request: changes whenever the row does. */
  version: string;
  outcome: DecisionOutcome | null;
  /** Whether the user may decide requests; null: there is no such active user. */
  may: boolean | null;
  /** Whether he sees this one's client. */
  sees: boolean;
  /** The enabled resolution; null: there is none. */
  resolution: Resolution | null;
  /** What else the bank's reference proves already, in words: 'transaction 12', or 'another movement' of a client whom the user does not see. */
  provesAlready: string | null;
}

/** SQL that is true when the user sees the client; what belongs to no client is seen by those without tags. */
const seenBy = (user: string, client: string): string =>
  `(not exists (select from hub_user_tag where user_id = ${user})
    or exists (select from hub_user_tag ut join client_tag ct using (tag_id) where ut.user_id = ${user} and ct.client_id = ${client}))`;

/** Of a piece of evidence `e`. */
const PROVED_CLIENT = `coalesce((select client_id from money_transaction where transaction_id = e.transaction_id),
                                (select client_id from reconciliation_difference where id = e.difference_id))`;

/**
 * What is not asked for is left out of the statement: with null in its place PostgreSQL would take a plan made for that null alone to be cheaper than one for
 * all, and plan all of it again each time, which takes fifteen times as long as the look.
 */
export const loadDecisionFacts = async (
  db: Queryable,
  asked: {
    applicationId: number;
    /** Null: nothing can have come of the decision yet. */
    updateId: string | null;
    userId: number;
    resolutionId: number | null;
    bankReference: string | null;
  },
): Promise<DecisionFacts | null> => {
  const values: unknown[] = [asked.applicationId, asked.userId];
  const ifGiven = (value: unknown, sql: (place: string) => string): string =>
    value === null ? 'null' : `(${sql(`$${values.push(value)}`)})`;
  const sql = {
    outcome: ifGiven(
      asked.updateId,
      (id) => `select outcome from decision_outcome where application_id = a.id and update_id = ${id}`,
    ),
    resolution: ifGiven(
      asked.resolutionId,
      (id) => `select jsonb_build_object('name', r.name, 'requestTypes', rt.request_types)
                 from resolution r join resolution_type rt on rt.id = r.type_id where r.id = ${id} and r.enabled and rt.enabled`,
    ),
    provesAlready: ifGiven(
      asked.bankReference,
      (reference) => `select case when not ${seenBy('$2', PROVED_CLIENT)} then 'another movement'
                                  when e.transaction_id is null then 'difference ' || e.difference_id else 'transaction ' || e.transaction_id end
                 from bank_evidence e
                where e.bank_reference = ${reference}
                  and e.connection_id in (select connection_id from money_transaction where transaction_id = a.transaction_id
                                          union all select connection_id from reconciliation_difference where id = a.difference_id)
                  and (e.transaction_id, e.difference_id) is distinct from (a.transaction_id, a.difference_id)`,
    ),
  };
  const { rows } = await db.query<RequestRow & Omit<DecisionFacts, 'request'>>(
    `select ${REQUEST_COLUMNS}, coalesce(update_time, create_time)::text as version,
            (select exists (select from hub_user_group ug join user_group g on g.id = ug.group_id
                             where ug.user_id = u.id and g.permissions && array['*', 'requests.update'])
               from hub_user u where u.id = $2 and u.active) as may,
            ${seenBy('$2', 'a.client_id')} as sees,
            ${sql.outcome} as outcome, ${sql.resolution} as resolution, ${sql.provesAlready} as "provesAlready"
       from application a where a.id = $1`,
    values,
  );
  if (!rows[0]) return null;
  const { version, outcome, may, sees, resolution, provesAlready, ...request } = rows[0];
  return { request, version, outcome, may, sees, resolution, provesAlready };
};

export interface DecisionToWrite {
  applicationId: number;
  updateId: string;
  /** The request must still be as it was looked at. */
  version: string;
  userId: number;
  word: DecisionWord;
  via: 'api' | 'temporal-ui';
  resolutionId: number | null;
  resolution: string | null;
  comment: string | null;
  evidence: { bankReference: string; valueDate: string } | null;
  /** 1 approved, 2 rejected; null leaves the request open. */
  closesAs: 1 | 2 | null;
  outcome: DecisionOutcome;
  run: { workflowId: string; runId: string };
}

/**
 * Writes a decision down, all that belongs to it in one statement: the bank's reference, the decision, its outcome, the end of the request when it was
 * the last word, the audit row. False, with nothing written but a reference that is this transaction's anyway: the request is not
 * any more as it was looked at, somebody wrote the same decision first, or the reference was taken.
 */
export const writeDecision = async (db: Queryable, decision: DecisionToWrite): Promise<boolean> => {
  const { applicationId, userId, word, via, resolutionId, evidence, run } = decision;
  const { rows } = await db.query<{ written: boolean }>(
    `with request as (
       select id, transaction_id, difference_id from application where id = $1 and coalesce(update_time, create_time)::text = $3 and status_id not in (1, 2) for update),
     proof as (
       insert into bank_evidence (connection_id, bank_reference, value_date, transaction_id, difference_id, user_id)
       select coalesce(t.connection_id, d.connection_id), $10, $11::date, r.transaction_id, r.difference_id, $4
         from request r left join money_transaction t on t.transaction_id = r.transaction_id
         left join reconciliation_difference d on d.id = r.difference_id
        where $10::text is not null and num_nonnulls(r.transaction_id, r.difference_id) = 1
       on conflict (connection_id, bank_reference) do update set bank_reference = excluded.bank_reference
         where (bank_evidence.transaction_id, bank_evidence.difference_id) is not distinct from (excluded.transaction_id, excluded.difference_id)
       returning connection_id),
     outcome as (
       insert into decision_outcome (application_id, update_id, outcome)
       select id, $2, $13 from request where $10::text is null or exists (select from proof)
       on conflict do nothing returning application_id),
     decided as (
       insert into application_decision (application_id, user_id, decision, via, resolution_id, comment, bank_reference, value_date)
       select application_id, $4, $5, $6, $7::integer, $9, $10, $11::date from outcome
       on conflict (application_id, user_id) do update set decision = excluded.decision, via = excluded.via, resolution_id = excluded.resolution_id,
         comment = excluded.comment, bank_reference = excluded.bank_reference, value_date = excluded.value_date, create_time = now()),
     closed as (
       update application set status_id = $12, user_id = $4, resolution_id = $7, comment = coalesce($9, comment), update_time = now(), process_time = now()
         from outcome where id = outcome.application_id and $12::smallint is not null returning transaction_id, kyc_case_id, difference_id),
     told_difference as (
       update reconciliation_difference d set state = 'settled', user_id = $4, note = $9, update_time = now(), process_time = now()
         from closed where d.id = closed.difference_id and d.state = 'open'),
     told_case as (
       update kyc_case k set needs_human = null, update_time = now() from closed where k.id = closed.kyc_case_id),
     told as (
       update money_transaction t set needs_human = null, resolution = coalesce($8, resolution), resolution_id = coalesce($7, resolution_id), update_time = now()
         from closed where t.transaction_id = closed.transaction_id),
     audited as (
       insert into audit (actor, action, object, after, workflow_id, run_id)
       select 'user:' || $4, 'requests.' || $5, 'request:' || application_id, $14, $15, $16 from outcome)
     select exists (select from outcome) as written`,
    [
      applicationId,
      decision.updateId,
      decision.version,
      userId,
      word,
      via,
      resolutionId,
      decision.resolution,
      decision.comment,
      evidence?.bankReference ?? null,
      evidence?.valueDate ?? null,
      decision.closesAs,
      decision.outcome,
      { decision: word, via, resolutionId, ...(evidence && { evidence }) },
      run.workflowId,
      run.runId,
    ],
  );
  return rows[0]!.written;
};

/** SQL: what proves what was decided, of a row that names a bank's reference and a value date. */
export const evidenceJson = (row: string): string =>
  `case when ${row}.bank_reference is not null then jsonb_build_object('bankReference', ${row}.bank_reference, 'valueDate', ${row}.value_date) end`;

export interface Said {
  word: DecisionWord;
  resolutionId: number | null;
  comment: string | null;
  evidence: { bankReference: string; valueDate: string } | null;
}

/** What a user has said of a request last; null: nothing yet. */
export const lastSaid = async (db: Queryable, applicationId: number, userId: number): Promise<Said | null> => {
  const { rows } = await db.query<Said>(
    `select d.decision as word, d.resolution_id as "resolutionId", d.comment, ${evidenceJson('d')} as evidence
       from application_decision d where d.application_id = $1 and d.user_id = $2`,
    [applicationId, userId],
  );
  return rows[0] ?? null;
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
