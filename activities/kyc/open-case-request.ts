import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadCase, planDates } from '../../db/repositories/kyc.ts';
import type { OpenRequest } from '../../domain/decisions.ts';
import type { Activity } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellAboutVerification } from '../messaging/tell-about-verification.ts';

export interface CaseQuestion {
  caseId: number;
  purpose: 'approval' | 'review';
  why: string;
}

/**
 * Puts a client's verification before the operators. It has one open request at most: asking again renews it. The client is told that his documents were
 * received once they wait for an operator.
 */
export const openCaseRequest: Activity<CaseQuestion, OpenRequest> = async ({ caseId, purpose, why }, tools) => {
  const { run } = tools;
  const { applicationId, messages } = await inTransaction(tools.pool, async (db) => {
    const { clientId, levelId, documentIds, state } = await loadCase(db, caseId, true);
    const { rows } = await db.query<{ applicationId: number; fresh: boolean }>(
      `insert into application (client_id, type, purpose, kyc_case_id, workflow_id, data) values ($1, 'verification', $2, $3, $4, $5)
       on conflict (kyc_case_id) where status_id in (0, 3) do update set purpose = excluded.purpose, data = excluded.data,
         update_time = case when (application.purpose, application.data) = (excluded.purpose, excluded.data) then application.update_time else now() end
       returning id as "applicationId", xmax = 0 as fresh`,
      [clientId, purpose, caseId, run.workflowId, { levelId, documentIds, why }],
    );
    const { applicationId, fresh } = rows[0]!;
    await db.query(`update kyc_case set needs_human = $2 where id = $1`, [caseId, why]);
    await planDates(db, { caseId }, false);
    if (!fresh) return { applicationId, messages: [] };
    await recordAudit(db, {
      actor: 'workflow',
      action: 'requests.open',
      object: `request:${applicationId}`,
      after: { purpose, why, needed: 1 },
      ...run,
    });
    const isReceived = state === 'checking' && documentIds.length > 0;
    const messages = isReceived ? await tellAboutVerification(db, tools.ring, 'VerificationReceived', { caseId }) : [];
    return { applicationId, messages };
  });
  await startMessages(tools.steer, messages);
  return { applicationId, purpose, needed: 1, amount: null };
};
