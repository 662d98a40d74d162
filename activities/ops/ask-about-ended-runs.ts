import { recordAudit } from '../../db/repositories/audit.ts';
import { inTransaction } from '../../db/pool.ts';
import { askAbout, RUN_ENDED } from '../../db/repositories/unsettled.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import type { Tools } from '../kit/activity.ts';

const WHY =
  'Its run was ended from outside (terminated in Temporal, or failed for good): nothing goes on by itself, what is held stays held. POST /transactions/{id}/resume goes on with it, and asks the provider first what was sent.';

/** Orders that are not over and that nobody tells any more are put before a person, once. */
export const askAboutEndedRuns = async ({ pool, steer, run }: Pick<Tools, 'pool' | 'steer' | 'run'>): Promise<void> => {
  const ended = await steer.endedRuns();
  if (ended.length === 0) return;
  const { rows } = await pool.query<{ transactionId: number; workflowId: string }>(
    `select transaction_id as "transactionId", workflow_id as "workflowId" from money_transaction
      where workflow_id = any($1) and stage <> all($2) and asked is distinct from $3`,
    [ended, FINAL_STAGES, RUN_ENDED],
  );
  for (const { transactionId, workflowId } of rows) {
    if (await steer.isRunning(workflowId)) continue;
    await inTransaction(pool, async (db) => {
      if (!(await askAbout(db, transactionId, { why: WHY, asked: RUN_ENDED }))) return;
      await recordAudit(db, {
        actor: 'workflow',
        action: 'transactions.run-ended',
        object: `transaction:${transactionId}`,
        ...run,
      });
    });
  }
};
