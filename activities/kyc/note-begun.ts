import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadCase, planDates } from '../../db/repositories/kyc.ts';
import type { CaseState } from '../../domain/kyc.ts';
import { mayBeginAnew } from '../../domain/kyc-dates.ts';
import type { Activity } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellAboutVerification } from '../messaging/tell-about-verification.ts';

/**
 * The client is on his way, and the provider, when there is one, knows him. What had ended, or ends soon, begins anew; who only looks at the documents form
 * to renew his level goes on with it until he hands something in.
 */
export const noteBegun: Activity<{ caseId: number; providerId: string | null }, CaseState> = async (
  { caseId, providerId },
  { pool, ring, steer, run },
) => {
  const { now, messages } = await inTransaction(pool, async (db) => {
    const known = await loadCase(db, caseId, true);
    const { clientId, state, clientSince, hasLevel } = known;
    const isFormOnly = providerId === null && hasLevel;
    const again = mayBeginAnew(known, new Date()) && !isFormOnly;
    const now = again ? 'open' : state;
    const begins = again || (state === 'open' && clientSince === null);
    await db.query(
      `update kyc_case set provider_id = coalesce($2, provider_id), state = $3, client_since = case when $4 then now() else client_since end, update_time = now() where id = $1`,
      [caseId, providerId, now, begins],
    );
    await planDates(db, { caseId }, begins);
    if (!begins) return { now, messages: [] };
    await recordAudit(db, {
      actor: `client:${clientId}`,
      action: 'verification.open',
      object: `verification-case:${caseId}`,
      ...(again && { before: { state } }),
      after: { state: now },
      ...run,
    });
    return { now, messages: await tellAboutVerification(db, ring, 'VerificationBegan', { caseId }) };
  });
  await startMessages(steer, messages);
  return now;
};
