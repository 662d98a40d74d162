import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { changeCase, changeLevel, loadCase } from '../../db/repositories/kyc.ts';
import { type CheckReport, type Judged, judge } from '../../domain/kyc.ts';
import type { Activity } from '../kit/activity.ts';

/** Writes down what a provider reports; an approval raises the client's level in the same transaction. Harmless to repeat. */
export const noteReport: Activity<{ caseId: number; report: CheckReport }, Judged> = async (
  { caseId, report },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    const known = await loadCase(db, caseId, true);
    const judged = judge(known, report);
    if (judged.stale) return judged;
    const { state } = judged;
    await changeCase(db, caseId, {
      state,
      providerId: report.providerId,
      attempt: report.attempt,
      providerStatus: report.providerStatus,
      reasons: report.reasons,
      comment: report.comment,
      validUntil: state === 'approved' && !judged.contested ? report.validUntil : null,
      needsHuman: report.unknownWord
        ? `${known.provider} says '${report.providerStatus}', which is not known here`
        : null,
    });
    if (state === known.state) return judged;
    if (state === 'approved' && !known.hasLevel) {
      await changeLevel(db, {
        clientId: known.clientId,
        levelId: known.levelId,
        reason: 'provider',
        caption: `Verified by ${known.provider}`,
        userId: null,
        run,
      });
    }
    await recordAudit(db, {
      actor: 'workflow',
      action: `verification.${state}`,
      object: `verification-case:${caseId}`,
      before: { state: known.state },
      after: { state, providerStatus: report.providerStatus, attempt: report.attempt },
      ...run,
    });
    return judged;
  });
