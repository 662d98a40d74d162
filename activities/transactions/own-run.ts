import { inTransaction, type Queryable } from '../../db/pool.ts';
import { noteBegun, noteTakenOver } from '../../db/repositories/begun-by.ts';
import { isSettled } from '../../db/repositories/ledger.ts';
import { lastWord } from '../../db/repositories/requests.ts';
import type { TransactionRow } from '../../db/repositories/transactions.ts';
import { askNoMoreAboutItsRun } from '../../db/repositories/unsettled.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { SaidBefore } from '../../domain/money-order.ts';
import type { Reason } from '../../domain/reasons.ts';
import { isFinal } from '../../domain/stages.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { isAnothers, mayBeSent, takeOverFromAnother } from '../kit/another-run.ts';
import { holdKey } from '../ledger/hold-funds.ts';

type Told = Pick<TransactionRow, 'transactionId' | 'runId' | 'stage'>;
type Run = Tools['run'];

/**
 * Notes which run began it. False: another one did, and may have sent something. The same answer for the same run, however often it asks; a run
 * tells it again, so nobody is asked for one any more.
 */
export const beginsHere = async (db: Queryable, transactionId: number, { runId }: Run): Promise<boolean> => {
  const begins = (await noteBegun(db, 'money_transaction', transactionId, runId)) === runId;
  if (!begins) await askNoMoreAboutItsRun(db, transactionId);
  return begins;
};

export interface TakenOver {
  /** Whether what the run before held, if anything, is held still. */
  holdStands: boolean;
  /** What people said last, to that run. */
  said: SaidBefore | null;
}

/**
 * From now on what this run sends is sent by the run that tells it, and the one before gives nothing back any more. Only for who knows what that one has sent.
 */
export const takeOver: Activity<{ transactionId: number }, TakenOver> = ({ transactionId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    // Waits for the run before, should it be giving back at this moment.
    await noteTakenOver(db, 'money_transaction', transactionId, run.runId);
    return {
      holdStands: !(await isSettled(db, holdKey(transactionId))),
      said: await lastWord(db, transactionId),
    };
  });

/**
 * Before anything is sent: a run that somebody reset in Temporal goes through its steps again, and knows nothing of what became of those that are cut off. It takes
 * the order over and hears `OutcomeUnknown`, as after a lost answer: it asks before it sends. So it does when a person said that it was done. Throws `Rejected` when
 * the order is over, its money was given back, or somebody said that it failed.
 */
export const assertOwnRun = async (tools: Tools, { transactionId, runId, stage }: Told): Promise<void> => {
  await takeOverFromAnother(tools, 'money_transaction', { id: transactionId, runId });
  if (isFinal(stage)) throw refused('already_done', `Transaction ${transactionId} is over: ${stage}.`);
  if (await isSettled(tools.pool, holdKey(transactionId)))
    throw refused('hold_settled', 'What was held for it was given back already.');
  const said = await lastWord(tools.pool, transactionId);
  if (said?.word === 'mark_done') throw mayBeSent('somebody said that it was done');
  // Not for a rejection: what its provider pays already goes on in spite of it, and a run that was reset asks anew.
  if (said?.word === 'mark_failed') throw refused('restricted', 'Somebody said that it failed.');
};

const refused = (reason: Reason, why: string) => new HubFailure('Rejected', reason, why);

/**
 * Before anything is given back or closed, with the order locked. Throws `Rejected` (another_run) where another run began it: that one may have sent it, and this one
 * has not found out. Whoever does so takes it over.
 */
export const assertMayGiveUp = ({ transactionId, runId }: Told, run: Run): void => {
  if (isAnothers(runId, run))
    throw new HubFailure('Rejected', 'another_run', `Another run of transaction ${transactionId} may have sent it.`);
};
