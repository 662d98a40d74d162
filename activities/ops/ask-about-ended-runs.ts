import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { askAboutItsRun, askNoMoreAboutItsRun, RUN_ENDED } from '../../db/repositories/unsettled.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import type { Tools } from '../kit/activity.ts';

/** Each is looked at by itself. */
const AT_ONCE = 200;

type Asking = Pick<Tools, 'pool' | 'steer' | 'run'>;

/** Orders that are not over and that nobody tells any more are put before a person, once. */
export const askAboutEndedRuns = async ({ pool, steer, run }: Asking): Promise<void> => {
  const ids = (await steer.endedRuns(['deposit', 'payout', 'transfer'])).flatMap(transactionIn);
  if (ids.length === 0) return;
  // Many of them may be told by a run that came after: in any order, so that these do not keep the others waiting.
  const { rows } = await pool.query<{ transactionId: number; workflowId: string }>(
    `select transaction_id as "transactionId", workflow_id as "workflowId" from money_transaction
      where transaction_id = any($1) and stage <> all($2) and asked is distinct from $3 order by random() limit $4`,
    [ids, FINAL_STAGES, RUN_ENDED, AT_ONCE],
  );
  for (const one of rows) if (!(await steer.isRunning(one.workflowId))) await ask({ pool, steer, run }, one);
};

/** People may start runs under ids of their own. */
const transactionIn = (workflowId: string): number[] => {
  const [, id] = /^[a-z]+:(\d{1,9})$/.exec(workflowId) ?? [];
  return id === undefined ? [] : [Number(id)];
};

const ask = async (
  { pool, steer, run }: Asking,
  { transactionId, workflowId }: { transactionId: number; workflowId: string },
): Promise<void> => {
  await inTransaction(pool, async (db) => {
    if (!(await askAboutItsRun(db, transactionId))) return;
    const object = `transaction:${transactionId}`;
    await recordAudit(db, { actor: 'workflow', action: 'transactions.run-ended', object, ...run });
  });
  // Somebody may have begun it anew in this very moment, and its run is past the place where it would take the question back.
  if (await steer.isRunning(workflowId)) await askNoMoreAboutItsRun(pool, transactionId);
};
