import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import {
  type CaseRow,
  changeCase,
  changeLevel,
  endOfApproval,
  loadCase,
  unsettleVerdict,
} from '../../db/repositories/kyc.ts';
import { closeCaseRequest, lastClosedOf } from '../../db/repositories/requests.ts';
import { type CaseState, type CheckReport, isDealtWith, type Judged, judge, verdictOf } from '../../domain/kyc.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellAboutVerification, type VerificationMessage, whyAgain } from '../messaging/tell-about-verification.ts';

interface Noting {
  caseId: number;
  report: CheckReport;
}

/** Runs of before have reports noted without what is optional. */
export interface Noted extends Judged {
  /** The provider's last verdict, which may be this one, is dealt with. */
  settled?: boolean;
  /** The last request that was closed because the provider has approved: nobody answers it any more. */
  closedRequest?: number | null;
}

/** Writes down what a provider reports; an approval raises the client's level in the same transaction. Harmless to repeat. */
export const noteReport: Activity<Noting, Noted> = async (noting, tools) => {
  const { caseId, report } = noting;
  const { noted, messages } = await inTransaction(tools.pool, async (db) => {
    const known = await loadCase(db, caseId, true);
    const judged = judge(known, report);
    if (judged.stale) return { noted: { ...judged, settled: known.settled }, messages: [] };
    const { state } = judged;
    const turned = state !== known.state;
    const approves = state === 'approved' && report.state === 'approved';
    const verdict = verdictOf(report);
    const isNewVerdict = turned || report.attempt > heardOf(known) || isTurnedOver(known, verdict);
    // Whatever was asked until now was about an older verdict, or about what is no more.
    if (approves && isNewVerdict) await closeCaseRequest(db, caseId, `${known.provider} has approved meanwhile.`);
    // First the level: the dates of what is approved are those of a client who has it.
    if (turned && state === 'approved') await giveLevel(db, known, tools.run);
    // A person has left the level in spite of what the provider does not say any more: the next time he is asked again.
    if (approves && known.settledVerdict !== null && known.settledVerdict !== 'approved')
      await unsettleVerdict(db, caseId);
    await changeCase(db, caseId, {
      state,
      providerId: report.providerId,
      attempt: report.attempt,
      verdict,
      providerStatus: report.providerStatus,
      reasons: report.reasons,
      comment: report.comment,
      ...(approves && isNewVerdict && { validUntil: await endOfApproval(db, caseId, report.validUntil) }),
      needsHuman: report.unknownWord
        ? `${known.provider} says '${report.providerStatus}', which is not known here`
        : null,
    });
    const noted: Noted = {
      ...judged,
      settled: isDealtWith(known, report),
      closedRequest: approves ? await lastClosedOf(db, caseId) : null,
    };
    if (!turned) return { noted, messages: [] };
    await recordAudit(db, {
      actor: 'workflow',
      action: `verification.${state}`,
      object: `verification-case:${caseId}`,
      before: { state: known.state },
      after: { state, providerStatus: report.providerStatus, attempt: report.attempt },
      ...tools.run,
    });
    const template = MESSAGES[state];
    const isTold = template && !(template === 'VerificationReceived' && known.clientSince === null);
    const parameters = { reason: whyAgain(report.comment) };
    const messages = isTold ? await tellAboutVerification(db, tools.ring, template, { caseId, parameters }) : [];
    return { noted, messages };
  });
  await startMessages(tools.steer, messages);
  return noted;
};

/** A refusal for good is told once a person has confirmed it (settle-case.ts). */
const MESSAGES: Partial<Record<CaseState, VerificationMessage>> = {
  checking: 'VerificationReceived',
  on_hold: 'VerificationReceived',
  retry: 'VerificationRetry',
  approved: 'VerificationApproved',
};

const isTurnedOver = ({ verdict: before }: CaseRow, verdict: CaseRow['verdict']): boolean =>
  before !== null && verdict !== null && verdict !== before;

/** The attempt of the last verdict. Workers of before, which may go on beside new ones for a while, do not write it down. */
const heardOf = ({ verdictAttempt, state, attempt }: CaseRow): number =>
  verdictAttempt ?? (state === 'approved' ? attempt : 0);

const giveLevel = async (
  db: Queryable,
  { clientId, levelId, hasLevel, provider }: CaseRow,
  run: Tools['run'],
): Promise<void> => {
  if (hasLevel) return;
  const caption = `Verified by ${provider}`;
  await changeLevel(db, { clientId, levelId, reason: 'provider', caption, userId: null, cause: run });
};
