import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import {
  type DecisionFacts,
  type DecisionOutcome,
  keepRefusal,
  loadDecisionFacts,
  loadRequest,
  type RequestRow,
  writeDecision,
} from '../../db/repositories/requests.ts';
import { setStage } from '../../db/repositories/transactions.ts';
import { whyMayNotApprove } from '../../domain/approvals.ts';
import type { Decision, DecisionRecord } from '../../domain/decisions.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { Tools } from '../kit/activity.ts';

export type Recording = DecisionRecord & { decision: Decision };

export interface Recorded {
  proven: boolean;
  /** What was approved. */
  amount: string;
  /** How many more approvals the request needs now: an operator may have corrected the amount since it was opened. */
  missing: number;
}

/** What a decision needs to be written down; the API has it too. */
export type RecordingTools = Pick<Tools, 'pool' | 'proves' | 'unprovenDecisions' | 'run'>;

/**
 * Writes a decision down, after checking in the database what a validator cannot: that the person exists, is active and may
 * decide, that the resolution exists, that the API vouches for him. The last needed word closes the request. Done twice, by the run and by
 * the API, it happens once: the first one's outcome, a refusal too, is everybody's.
 */
export const recordDecision = async (recording: Recording, tools: RecordingTools): Promise<Recorded> => {
  try {
    return await inTransaction(tools.pool, (db) => record(db, recording, tools));
  } catch (error) {
    if (!isHubFailure(error) || error.type !== 'Rejected') throw error;
    const { reason, message, facts } = error;
    const kept = await keepRefusal(tools.pool, recording, { refused: { reason, message, field: facts.field ?? null } });
    if (kept) throw error;
    return inTransaction(tools.pool, (db) => record(db, recording, tools));
  }
};

const record = async (db: Queryable, recording: Recording, tools: RecordingTools): Promise<Recorded> => {
  const { applicationId, updateId, decision, earlier } = recording;
  const { by, decision: word, resolutionId = null, comment = null } = decision;
  const request = await loadRequest(db, applicationId);
  if (!request) throw new HubFailure('NotFound', 'not_found', `There is no request ${applicationId}.`);
  // Asked for only now that the request is locked: whoever came first has committed.
  const facts = await loadDecisionFacts(db, { applicationId, updateId, userId: by, resolutionId });
  if (facts.outcome) return known(facts.outcome);
  const proven = decision.proof !== undefined && tools.proves(tools.run.workflowId, decision);
  const via = proven ? 'api' : 'temporal-ui';
  assertMayBeTaken(request, facts, recording, proven, tools);

  if (decision.evidence) await keepEvidence(db, request.transactionId, decision);
  const missing = word === 'approve' ? Math.max(0, request.approvalsNeeded - earlier.length - 1) : 0;
  const last = missing === 0 && word !== 'continue';
  const recorded = { proven, amount: request.data.amount ?? '0', missing };
  const closesAs = !last ? null : affirms(decision) ? 1 : 2;
  const outcome = { recorded };
  await writeDecision(db, { applicationId, updateId, userId: by, word, via, resolutionId, comment, closesAs, outcome });
  if (last) {
    await setStage(db, request.transactionId, facts.stage, {
      needsHuman: null,
      resolution: facts.resolution,
      resolutionId,
    });
  }
  await recordAudit(db, {
    actor: `user:${by}`,
    action: `requests.${word}`,
    object: `request:${applicationId}`,
    after: { decision: word, via, resolutionId },
    ...tools.run,
  });
  return recorded;
};

const affirms = ({ decision }: Decision): boolean => decision === 'approve' || decision === 'mark_done';

const known = (outcome: DecisionOutcome): Recorded => {
  if ('recorded' in outcome) return outcome.recorded;
  const { reason, message, field } = outcome.refused;
  throw new HubFailure('Rejected', reason, message, field === null ? {} : { field });
};

/** Throws `Rejected` with the reason why this decision cannot stand. */
const assertMayBeTaken = (
  request: RequestRow,
  facts: DecisionFacts,
  { applicationId, decision, earlier }: Recording,
  proven: boolean,
  { unprovenDecisions }: RecordingTools,
): void => {
  const { by, resolutionId } = decision;
  const refused = (...[reason, issue, more]: [HubFailure['reason'], string, { field?: string }?]) =>
    new HubFailure('Rejected', reason, issue, more);
  if (decision.proof !== undefined && !proven) throw refused('forbidden', 'The proof of this decision is not ours.');
  if (!proven && unprovenDecisions === 'refuse')
    throw refused('forbidden', 'Decisions from Temporal UI are switched off (TEMPORAL_UI_DECISIONS).');
  if (facts.may === null) throw refused('forbidden', `There is no active user ${by}.`);
  if (!facts.may) throw refused('forbidden', `User ${by} may not decide this request.`);
  if (proven && decision.applicationId !== applicationId)
    throw refused('not_waiting', 'This decision is about another request.');
  if (request.statusId === 1 || request.statusId === 2)
    throw refused('not_waiting', 'The request was decided already.');
  if (affirms(decision) || decision.decision === 'mark_failed') {
    for (const involved of [request.requestedBy, request.editedBy]) {
      const why = whyMayNotApprove({ userId: by, proven }, involved, earlier);
      if (why) throw refused(why.reason, why.issue);
    }
  }
  if (affirms(decision) && request.data.amount === null)
    throw refused('restricted', 'There is no amount to approve: reject, or continue.');
  if (resolutionId !== undefined && facts.resolution === null)
    throw refused('not_found', `There is no resolution ${resolutionId}.`, { field: 'resolutionId' });
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
