import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { changeCase, endApproval, loadCase, planDates } from '../../db/repositories/kyc.ts';
import type { CaseState } from '../../domain/kyc.ts';
import { daysUntil, nextDate } from '../../domain/kyc-dates.ts';
import type { Activity } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellAboutVerification } from '../messaging/tell-about-verification.ts';

interface DueCase {
  caseId: number;
  /** How the case stands as far as its run knows. Runs of before this was asked for leave it away. */
  known?: CaseState;
}

export interface Kept {
  state: CaseState;
  /** For operators; null: nothing was due after all, and `state` is what its run knows. */
  said: string | null;
  /** What was approved has ended, and a person says whether the level goes. */
  asks: boolean;
}

/** Does what the calendar says about a verification: reminds the client, closes his way, warns him, takes the level. Harmless to repeat. */
export const keepDate: Activity<DueCase, Kept> = async ({ caseId, known: heard }, { pool, ring, steer, run }) => {
  const { messages, ...kept } = await inTransaction(pool, async (db) => {
    const known = await loadCase(db, caseId, true);
    const now = new Date();
    const next = nextDate(known, now);
    const { state, validUntil } = known;
    const isDue = next !== null && next.at <= now;
    if (!isDue || next.what === 'look') {
      await planDates(db, { caseId }, false);
      // Most likely an attempt of before, whose answer was lost, has kept the date.
      const said = heard === undefined || heard === state ? null : 'It had turned already.';
      return { state, said, asks: false, messages: [] };
    }
    if (next.what === 'reminder' || next.what === 'warning') {
      await planDates(db, { caseId }, true);
      const warns = next.what === 'warning';
      const until = { until: validUntil ?? '', days: validUntil ? String(daysUntil(validUntil, now)) : '' };
      const messages = warns
        ? await tellAboutVerification(db, ring, 'VerificationExpiring', { caseId, parameters: until })
        : await tellAboutVerification(db, ring, 'VerificationReminder', { caseId });
      const said = warns ? `The client was told that it ends on ${validUntil}.` : 'The client was reminded.';
      return { state, said, asks: false, messages };
    }
    if (next.what === 'end' && known.onExpiry === 'request')
      return { state, said: `What was approved ended on ${validUntil}.`, asks: true, messages: [] };
    const isDeadline = next.what === 'deadline';
    if (isDeadline) await changeCase(db, caseId, { state: 'expired' });
    const after = isDeadline ? 'expired' : await endApproval(db, known, { userId: null, run });
    await recordAudit(db, {
      actor: 'workflow',
      action: isDeadline ? 'verification.closed' : 'verification.expired',
      object: `verification-case:${caseId}`,
      before: { state, validUntil },
      after: { state: after },
      ...run,
    });
    const template = isDeadline ? 'VerificationClosed' : 'VerificationExpired';
    const messages = await tellAboutVerification(db, ring, template, { caseId });
    const said = isDeadline ? 'The client did not finish in time.' : `What was approved ended on ${validUntil}.`;
    return { state: after, said, asks: false, messages };
  });
  await startMessages(steer, messages);
  return kept;
};
