import { inTransaction } from '../../db/pool.ts';
import { isLastAudited, recordAudit } from '../../db/repositories/audit.ts';
import { isCorrection, loadTransaction, setStage } from '../../db/repositories/transactions.ts';
import type { MoneyPurpose, OpenRequest } from '../../domain/decisions.ts';
import type { Amount } from '../../domain/money.ts';
import type { Stage } from '../../domain/stages.ts';
import type { Activity } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellClient } from '../messaging/tell-client.ts';
import { policyFor } from '../transactions/approval-policy.ts';

export interface Asking {
  transactionId: number;
  purpose: MoneyPurpose;
  why: string;
  /** What an approval would move; null when nobody knows yet. */
  amount: Amount | null;
}

const STAGE_OF: Record<MoneyPurpose, Stage> = {
  approval: 'awaiting_approval',
  assistance: 'assistance',
  review: 'review',
  repair: 'assistance',
};

/**
 * Puts a question before the operators. A transaction has one open request at most: asking again renews it; only an amount that
 * an operator corrected while approval was asked stays.
 */
export const openRequest: Activity<Asking, OpenRequest> = async ({ transactionId, purpose, why, amount }, tools) => {
  const { messages, ...opened } = await inTransaction(tools.pool, async (db) => {
    const transaction = await loadTransaction(db, transactionId);
    const policy = amount === null ? 1 : await policyFor(tools, db, transaction, amount);
    const needed = purpose === 'approval' || purpose === 'review' ? Math.max(1, policy) : 1;
    const data = { transactionId, amount, rate: transaction.exchange?.rate ?? null, why };
    const { rows } = await db.query<{
      applicationId: number;
      needed: number;
      amount: Amount | null;
      fresh: boolean;
    }>(
      `insert into application (client_id, type, purpose, transaction_id, workflow_id, approvals_needed, requested_by, data)
       values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict (transaction_id) where status_id in (0, 3) do update
         set purpose = excluded.purpose, update_time = now(),
             approvals_needed = case when excluded.purpose = 'approval' and application.purpose = 'approval' then application.approvals_needed else excluded.approvals_needed end,
             data = case when excluded.purpose = 'approval' and application.purpose = 'approval' then application.data else excluded.data end
       returning id as "applicationId", approvals_needed as needed, data ->> 'amount' as amount, xmax = 0 as fresh`,
      [
        transaction.clientId,
        transaction.type,
        purpose,
        transactionId,
        tools.run.workflowId,
        needed,
        transaction.userId,
        data,
      ],
    );
    const { fresh, ...request } = rows[0]!;
    await setStage(db, transactionId, STAGE_OF[purpose], { needsHuman: why });
    const asked = {
      action: 'requests.open',
      object: `request:${request.applicationId}`,
      after: { purpose, why, needed },
    };
    if (fresh || !(await isLastAudited(db, asked)))
      await recordAudit(db, { actor: 'workflow', ...asked, ...tools.run });
    const messages =
      purpose === 'approval' && !isCorrection(transaction)
        ? await tellClient(db, tools.ring, 'RequestReceived', { transactionId, amount })
        : [];
    return { ...request, purpose, messages };
  });
  await startMessages(tools.steer, messages);
  return opened;
};
