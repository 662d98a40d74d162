import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type CaseRow, changeCase, changeLevel, endOfApproval, loadCase } from '../../db/repositories/kyc.ts';
import { type CaseState, type CheckReport, type Judged, judge } from '../../domain/kyc.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellAboutVerification, type VerificationMessage, whyAgain } from '../messaging/tell-about-verification.ts';

interface Noting {
  caseId: number;
  report: CheckReport;
}

/** Writes down what a provider reports; an approval raises the client's level in the same transaction. Harmless to repeat. */
export const noteReport: Activity<Noting, Judged> = async (noting, tools) => {
  const { caseId, report } = noting;
  const { judged, messages } = await inTransaction(tools.pool, async (db) => {
    const known = await loadCase(db, caseId, true);
    const judged = judge(known, report);
    if (judged.stale) return { judged, messages: [] };
    const { state } = judged;
    const turned = state !== known.state;
    // First the level: the dates of what is approved are those of a client who has it.
    if (turned && state === 'approved') await giveLevel(db, known, tools.run);
    await changeCase(db, caseId, {
      state,
      providerId: report.providerId,
      attempt: report.attempt,
      providerStatus: report.providerStatus,
      reasons: report.reasons,
      comment: report.comment,
      ...(turned && state === 'approved' && { validUntil: await endOfApproval(db, caseId, report.validUntil) }),
      needsHuman: report.unknownWord
        ? `${known.provider} says '${report.providerStatus}', which is not known here`
        : null,
    });
    if (!turned) return { judged, messages: [] };
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
    return { judged, messages };
  });
  await startMessages(tools.steer, messages);
  return judged;
};

/** A refusal for good is told once a person has confirmed it (settle-case.ts). */
const MESSAGES: Partial<Record<CaseState, VerificationMessage>> = {
  checking: 'VerificationReceived',
  on_hold: 'VerificationReceived',
  retry: 'VerificationRetry',
  approved: 'VerificationApproved',
};

const giveLevel = async (
  db: Queryable,
  { clientId, levelId, hasLevel, provider }: CaseRow,
  run: Tools['run'],
): Promise<void> => {
  if (hasLevel) return;
  const caption = `Verified by ${provider}`;
  await changeLevel(db, { clientId, levelId, reason: 'provider', caption, userId: null, cause: run });
};
