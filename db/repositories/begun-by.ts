import type { Queryable } from '../pool.ts';

/** What a run tells to its end, with the column of its number. */
const KEYS = { money_transaction: 'transaction_id', account: 'account_id', account_change: 'id' } as const;
export type Told = keyof typeof KEYS;

/** What stands for a run of before runs were noted. */
export const SOME_RUN = 'unknown';

/** Notes who began it: the first run that says so, however often another one does. Answers which it is. */
export const noteBegun = async (db: Queryable, what: Told, id: number, runId: string): Promise<string | undefined> => {
  const { rows } = await db.query<{ runId: string }>(
    `update ${what} set run_id = coalesce(run_id, case when workflow_started then $3 else $2 end), workflow_started = true
      where ${KEYS[what]} = $1 returning run_id as "runId"`,
    [id, runId, SOME_RUN],
  );
  return rows[0]?.runId;
};

/** From now on it is told by this run. */
export const noteTakenOver = async (db: Queryable, what: Told, id: number, runId: string): Promise<void> =>
  void (await db.query(`update ${what} set run_id = $2 where ${KEYS[what]} = $1`, [id, runId]));

/** Whoever tells it next is another run than the one that began it. */
export const noteBegunElsewhere = async (db: Queryable, what: Told, id: number): Promise<void> =>
  void (await db.query(`update ${what} set run_id = coalesce(run_id, $2) where ${KEYS[what]} = $1`, [id, SOME_RUN]));
