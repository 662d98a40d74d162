import type { Tools } from '../kit/activity.ts';
import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { askAbout, askNoMoreAboutItsRun, RUN_ENDED } from '../../db/repositories/unsettled.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';

const WHY =
  'Its run was ended from outside (terminated in Temporal, or failed for good): nothing goes on by itself, what is held stays held. POST /transactions/{id}/resume goes on with it, and asks the provider first what was sent.';

/** Each is looked at by itself. */
const AT_ONCE = 200;

type Asking = Pick<Tools, 'pool' | 'steer' | 'run'>;

/** Orders that are not over and that nobody tells any more are put before a person, once. */
export const askAboutEndedRuns = async ({ pool, steer, run }: Asking): Promise<void> => {
  const ended = await steer.endedRuns();
  if (ended.length === 0) return;
  // Many of them may be told by a run that came after: in any order, so that these do not keep the others waiting.
  const { rows } = await pool.query<{ transactionId: number; workflowId: string }>(
    `select transaction_id as "transactionId", workflow_id as "workflowId" from money_transaction
      where transaction_id = any($1) and workflow_id = any($2) and stage <> all($3) and asked is distinct from $4 order by random() limit $5`,
    [ended.map((workflowId) => Number(workflowId.split(':')[1])), ended, FINAL_STAGES, RUN_ENDED, AT_ONCE],
  );
  for (const one of rows) if (!(await steer.isRunning(one.workflowId))) await ask({ pool, steer, run }, one);
};

const ask = async (
  { pool, steer, run }: Asking,
  { transactionId, workflowId }: { transactionId: number; workflowId: string },
): Promise<void> => {
  await inTransaction(pool, async (db) => {
    if (!(await askAbout(db, transactionId, { why: WHY, asked: RUN_ENDED }))) return;
    const object = `transaction:${transactionId}`;
    await recordAudit(db, { actor: 'workflow', action: 'transactions.run-ended', object, ...run });
  });
  // Somebody may have begun it anew in this very moment, and its run is past the place where it would take the question back.
  if (await steer.isRunning(workflowId)) await askNoMoreAboutItsRun(pool, transactionId);
};
