import type { Queryable } from '../../db/pool.ts';
import type { TransactionRow } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import { isFinal } from '../../domain/stages.ts';
import type { Activity, Tools } from '../kit/activity.ts';

/** What stands for a run of before runs were noted. */
const SOME_RUN = 'unknown';

/** Notes which run began it. False: another one did, and may have sent something. The same answer for the same run, however often it asks. */
export const beginsHere = async (db: Queryable, transactionId: number, { runId }: Tools['run']): Promise<boolean> => {
  const { rows } = await db.query<{ runId: string }>(
    `update money_transaction set run_id = coalesce(run_id, case when workflow_started then $3 else $2 end), workflow_started = true
      where transaction_id = $1 returning run_id as "runId"`,
    [transactionId, runId, SOME_RUN],
  );
  return rows[0]?.runId === runId;
};

/** From now on what this run sends is sent by the run that tells it. Only for who knows what the one before has sent. */
export const takeOver: Activity<{ transactionId: number }, void> = async ({ transactionId }, { pool, run }) =>
  void (await pool.query(`update money_transaction set run_id = $2 where transaction_id = $1`, [
    transactionId,
    run.runId,
  ]));

/**
 * Before anything is sent: a run that somebody reset in Temporal goes through its steps again, and knows nothing of what became of those that are cut off. It takes
 * the order over and hears `OutcomeUnknown`, as after a lost answer: it asks before it sends. Throws `Rejected` when the order is over.
 */
export const assertOwnRun = async (
  tools: Tools,
  { transactionId, runId, stage }: Pick<TransactionRow, 'transactionId' | 'runId' | 'stage'>,
): Promise<void> => {
  if (runId !== null && runId !== tools.run.runId) {
    await takeOver({ transactionId }, tools);
    throw new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', 'another run of this order may have sent it');
  }
  if (isFinal(stage))
    throw new HubFailure('Rejected', 'already_done', `Transaction ${transactionId} is over: ${stage}.`);
};
