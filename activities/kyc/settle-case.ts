import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import {
  type CaseRow,
  changeCase,
  changeLevel,
  endApproval,
  endOfApproval,
  levelBelow,
  loadCase,
  planDates,
  settleVerdict,
  unsettleVerdict,
} from '../../db/repositories/kyc.ts';
import { resolutionText } from '../../db/repositories/requests.ts';
import type { CaseState } from '../../domain/kyc.ts';
import { hasEnded } from '../../domain/kyc-dates.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellAboutVerification, type VerificationMessage, whyAgain } from '../messaging/tell-about-verification.ts';

/**
 * What a person's word makes of a case. `left`: it stays as it is; `unending`: so does the level, although what proved it has ended; `heard`: what the provider
 * says by now counts, although a person had decided otherwise.
 */
export type Settled = 'approved' | 'retry' | 'rejected' | 'withdrawn' | 'expired' | 'left' | 'unending' | 'heard';

export interface Settlement {
  caseId: number;
  to: Settled;
  /** Who decided. */
  by: number;
  resolutionId: number | null;
  /** The request that is answered. Runs of before this was asked for leave it away. */
  applicationId?: number;
}

const MESSAGES: Partial<Record<Settled, VerificationMessage>> = {
  approved: 'VerificationApproved',
  retry: 'VerificationRetry',
  rejected: 'VerificationRefused',
  withdrawn: 'VerificationWithdrawn',
  expired: 'VerificationExpired',
};

/** What a person decided about a verification: his documents, his level, what the client is told. Answers where the case stands. Harmless to repeat. */
export const settleCase: Activity<Settlement, CaseState> = async (settlement, tools) => {
  const { caseId, to, resolutionId, applicationId } = settlement;
  const { state, messages } = await inTransaction(tools.pool, async (db) => {
    const known = await loadCase(db, caseId, true);
    // By now the client may have gone on from what this request came to: what he did since is not what was decided about.
    if (await isSettled(db, caseId, applicationId)) return { state: known.state, messages: [] };
    const stands = await isStanding(db, known, settlement);
    if (stands) await settleVerdict(db, caseId);
    await db.query(
      `update kyc_case set settled_request = coalesce($2, settled_request), needs_human = null where id = $1`,
      [caseId, applicationId ?? null],
    );
    if (!stands) await noteThatItWentOn(db, applicationId);
    // Nobody is asked any more.
    await planDates(db, { caseId }, false);
    if (!stands || to === 'left') return { state: known.state, messages: [] };
    const resolution = await resolutionText(db, resolutionId);
    const state = await apply(db, known, settlement, { resolution, run: tools.run });
    const template = MESSAGES[to];
    const parameters = { reason: whyAgain(resolution) };
    const messages = template ? await tellAboutVerification(db, tools.ring, template, { caseId, parameters }) : [];
    return { state, messages };
  });
  await startMessages(tools.steer, messages);
  return state;
};

/** Whether this request was dealt with: it or a later one, for a case has one open request at a time. */
const isSettled = async (db: Queryable, caseId: number, applicationId: number | undefined): Promise<boolean> => {
  const { rowCount } = await db.query(`select from kyc_case where id = $1 and settled_request >= $2`, [
    caseId,
    applicationId ?? null,
  ]);
  return rowCount === 1;
};

/** Whether what was decided about is still so: the client may have handed in something new by then, and the provider have judged it. */
const isStanding = async (db: Queryable, known: CaseRow, { to, applicationId }: Settlement): Promise<boolean> => {
  const { state, connectionId, settled } = known;
  switch (to) {
    case 'approved':
      return state === (connectionId === null ? 'checking' : 'rejected');
    case 'retry':
      return state === 'checking';
    case 'rejected':
      return state === 'rejected' && !settled;
    case 'heard':
      return settled && (state === 'rejected' || state === 'withdrawn');
    case 'expired':
    case 'unending':
      return hasEnded(known, new Date());
    default:
      return !(await wasApprovedSince(db, known.caseId, applicationId));
  }
};

const wasApprovedSince = async (db: Queryable, caseId: number, applicationId: number | undefined): Promise<boolean> => {
  const { rowCount } = await db.query(
    `select from kyc_case k join application a on a.id = $2 where k.id = $1 and k.approved_at > a.process_time`,
    [caseId, applicationId ?? null],
  );
  return rowCount === 1;
};

/** Whoever decided finds on the request that nothing came of it. */
const noteThatItWentOn = async (db: Queryable, applicationId: number | undefined): Promise<void> => {
  await db.query(
    `update application set status_id = 2, comment = concat_ws(e'\\n', comment, $2::text), update_time = now() where id = $1`,
    [applicationId ?? null, 'The verification had gone on by then: nothing was done.'],
  );
};

const apply = async (
  db: Queryable,
  known: CaseRow,
  settlement: Settlement,
  { resolution, run }: { resolution: string | null; run: Tools['run'] },
): Promise<CaseState> => {
  const { caseId, to, by, resolutionId } = settlement;
  const state = await turn(db, known, settlement, { resolution, run });
  await recordAudit(db, {
    actor: `user:${by}`,
    action: `verification.${to}`,
    object: `verification-case:${caseId}`,
    before: { state: known.state, validUntil: known.validUntil },
    after: { state, resolutionId },
    ...run,
  });
  return state;
};

const turn = async (
  db: Queryable,
  known: CaseRow,
  { caseId, to, by }: Settlement,
  { resolution, run }: { resolution: string | null; run: Tools['run'] },
): Promise<CaseState> => {
  const { clientId, levelId, state, hasLevel } = known;
  const change = { clientId, userId: by, cause: run };
  switch (to) {
    case 'left':
      return state;
    case 'heard':
      await unsettleVerdict(db, caseId);
      return state;
    case 'unending':
      await db.query(`update kyc_case set valid_until = null where id = $1`, [caseId]);
      await planDates(db, { caseId }, true);
      return state;
    case 'expired':
      return endApproval(db, known, { userId: by, run });
    case 'withdrawn':
      await changeCase(db, caseId, { state: to, comment: resolution, validUntil: null });
      if (hasLevel) {
        const below = await levelBelow(db, levelId);
        await changeLevel(db, { ...change, levelId: below, reason: 'withdrawn', caption: 'Verification taken back' });
      }
      return to;
    case 'approved':
      // First the level: the dates of what is approved are those of a client who has it.
      if (!hasLevel) await changeLevel(db, { ...change, levelId, reason: 'documents', caption: 'Documents approved' });
      await changeCase(db, caseId, { state: to, validUntil: await endOfApproval(db, caseId, null) });
      await judgeDocuments(db, known, 'approved', null);
      return to;
    default:
      await changeCase(db, caseId, { state: to, comment: resolution });
      await judgeDocuments(db, known, 'rejected', resolution);
      return to;
  }
};

const judgeDocuments = async (
  db: Queryable,
  { documentIds }: CaseRow,
  status: 'approved' | 'rejected',
  resolution: string | null,
): Promise<void> => {
  await db.query(
    `update client_document set status = $2, resolution = $3, update_time = now() where document_id = any($1) and status = 'pending'`,
    [documentIds, status, resolution],
  );
};
