import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadRequest, type RequestRow } from '../../db/repositories/requests.ts';
import { loadTransaction, setStage } from '../../db/repositories/transactions.ts';
import { type DecisionBy, whyMayNotApprove } from '../../domain/approvals.ts';
import type { Decision } from '../../domain/decisions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';

export interface Recording {
  applicationId: number;
  decision: Decision;
  /** Approvals given before. */
  earlier: DecisionBy[];
}

export interface Recorded {
  proven: boolean;
  /** What was approved. */
  amount: string;
  /** How many more approvals the request needs now: an operator may have corrected the amount since it was opened. */
  missing: number;
}

/**
 * Writes a decision down, after checking in the database what a validator cannot: that the person exists, is active and may
 * decide, that the resolution exists, that the API vouches for him. The last needed word closes the request.
 */
export const recordDecision: Activity<Recording, Recorded> = async ({ applicationId, decision, earlier }, tools) =>
  inTransaction(tools.pool, async (db) => {
    const request = await loadRequest(db, applicationId, true);
    if (!request) throw new HubFailure('NotFound', 'not_found', `There is no request ${applicationId}.`);
    const proven = decision.proof !== undefined && tools.proves(tools.run.workflowId, decision);
    if (decision.proof !== undefined && !proven)
      throw new HubFailure('Rejected', 'forbidden', 'The proof of this decision is not ours.');
    if (!proven && tools.unprovenDecisions === 'refuse') {
      throw new HubFailure(
        'Rejected',
        'forbidden',
        'Decisions from Temporal UI are switched off (TEMPORAL_UI_DECISIONS).',
      );
    }
    await assertMayDecide(db, decision.by, request);

    if (proven && decision.applicationId !== applicationId) {
      throw new HubFailure('Rejected', 'not_waiting', 'This decision is about another request.');
    }
    const affirms = decision.decision === 'approve' || decision.decision === 'mark_done';
    if (affirms || decision.decision === 'mark_failed') {
      for (const involved of [request.requestedBy, request.editedBy]) {
        const why = whyMayNotApprove({ userId: decision.by, proven }, involved, earlier);
        if (why) throw new HubFailure('Rejected', why.reason, why.issue);
      }
    }
    if (affirms) {
      if (request.data.amount === null)
        throw new HubFailure('Rejected', 'restricted', 'There is no amount to approve: reject, or continue.');
    }
    const resolution = await resolutionText(db, decision.resolutionId);

    await db.query(
      `insert into application_decision (application_id, user_id, decision, via, resolution_id, comment) values ($1, $2, $3, $4, $5, $6)
       on conflict (application_id, user_id) do update set decision = excluded.decision, via = excluded.via, resolution_id = excluded.resolution_id,
         comment = excluded.comment, create_time = now()`,
      [
        applicationId,
        decision.by,
        decision.decision,
        proven ? 'api' : 'temporal-ui',
        decision.resolutionId ?? null,
        decision.comment ?? null,
      ],
    );
    if (decision.evidence) await keepEvidence(db, request.transactionId, decision);
    const missing = decision.decision === 'approve' ? Math.max(0, request.approvalsNeeded - earlier.length - 1) : 0;
    if (missing === 0 && decision.decision !== 'continue') {
      await db.query(
        `update application set status_id = $2, user_id = $3, resolution_id = $4, comment = coalesce($5, comment), update_time = now(), process_time = now()
          where id = $1 and status_id in (0, 3)`,
        [applicationId, affirms ? 1 : 2, decision.by, decision.resolutionId ?? null, decision.comment ?? null],
      );
      const { stage } = await loadTransaction(db, request.transactionId);
      await setStage(db, request.transactionId, stage, {
        needsHuman: null,
        resolution,
        resolutionId: decision.resolutionId ?? null,
      });
    }
    await recordAudit(db, {
      actor: `user:${decision.by}`,
      action: `requests.${decision.decision}`,
      object: `request:${applicationId}`,
      after: {
        decision: decision.decision,
        via: proven ? 'api' : 'temporal-ui',
        resolutionId: decision.resolutionId ?? null,
      },
      ...tools.run,
    });
    return { proven, amount: request.data.amount ?? '0', missing };
  });

const assertMayDecide = async (db: Queryable, userId: number, request: RequestRow): Promise<void> => {
  const { rows } = await db.query<{ allowed: boolean; sees: boolean }>(
    `select exists (select from hub_user_group ug join user_group g on g.id = ug.group_id
                     where ug.user_id = u.id and g.permissions && array['*', 'requests.update']) as allowed,
            (not exists (select from hub_user_tag where user_id = u.id)
             or exists (select from hub_user_tag ut join client_tag ct using (tag_id) join application a on a.client_id = ct.client_id
                         where ut.user_id = u.id and a.id = $2)) as sees
       from hub_user u where u.id = $1 and u.active`,
    [userId, request.id],
  );
  if (!rows[0]) throw new HubFailure('Rejected', 'forbidden', `There is no active user ${userId}.`);
  if (!rows[0].allowed || !rows[0].sees)
    throw new HubFailure('Rejected', 'forbidden', `User ${userId} may not decide this request.`);
};

const resolutionText = async (db: Queryable, resolutionId: number | undefined): Promise<string | null> => {
  if (resolutionId === undefined) return null;
  const { rows } = await db.query<{ name: string }>(`select name from resolution where id = $1 and enabled`, [
    resolutionId,
  ]);
  if (!rows[0])
    throw new HubFailure('Rejected', 'not_found', `There is no resolution ${resolutionId}.`, { field: 'resolutionId' });
  return rows[0].name;
};

/** The bank's reference is unique: one statement line never proves two movements. */
const keepEvidence = async (db: Queryable, transactionId: number, { by, evidence }: Decision): Promise<void> => {
  const { rows } = await db.query<{ transaction_id: number }>(
    `insert into bank_evidence (connection_id, bank_reference, value_date, transaction_id, user_id)
     select connection_id, $2, $3, transaction_id, $4 from money_transaction where transaction_id = $1
     on conflict (connection_id, bank_reference) do update set bank_reference = excluded.bank_reference returning transaction_id`,
    [transactionId, evidence!.bankReference, evidence!.valueDate, by],
  );
  if (rows[0] && rows[0].transaction_id !== transactionId) {
    throw new HubFailure(
      'Rejected',
      'already_exists',
      `This bank reference belongs to transaction ${rows[0].transaction_id}.`,
      { field: 'evidence.bankReference' },
    );
  }
};
