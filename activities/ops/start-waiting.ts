import { log } from '@temporalio/activity';
import type { Activity, Steer, Tools } from '../kit/activity.ts';
import { askAboutEndedRuns } from './ask-about-ended-runs.ts';
import { beginAnew } from './begin-anew.ts';

const AT_ONCE = 500;
/** When so many cannot be started, it is not they. */
const MOST_FAILING = 10;

type Waiting = Parameters<Steer['startWaiting']>[0];

/**
 * Orders, messages, comparisons of books and their differences that are in the database and whose run was never started, because whoever wrote them died in
 * between. Orders whose run somebody ended are not begun anew by themselves: a person is asked; what holds no money is.
 */
export const startWaiting: Activity<void, { started: number }> = async (_, tools) => {
  const { pool, steer } = tools;
  const start = (one: Waiting) => steer.startWaiting(one);
  const { rows } = await pool.query<Waiting>(
    `select transaction_id as id, case type when 'withdrawal' then 'payout' else type end as type, workflow_id as "workflowId"
       from money_transaction where not workflow_started and create_time < now() - interval '3 seconds'
     union all
     select account_id, 'openAccount', 'open-account:' || account_id from account where not workflow_started and create_time < now() - interval '3 seconds'
     union all
     select id, 'accountChange', 'account-change:' || id from account_change where not workflow_started and create_time < now() - interval '3 seconds'
     union all
     select id, 'clientChange', workflow_id from client_change where state = 'waiting' and not workflow_started and create_time < now() - interval '3 seconds'
     order by id limit $1`,
    [AT_ONCE],
  );
  const orders = await startEach(rows, start);
  // Money first, however many messages wait.
  const { rows: waiting } = await pool.query<Waiting>(
    `select id, 'message' as type, 'message:' || id as "workflowId" from message
      where not workflow_started and create_time < now() - interval '3 seconds' order by id limit $1`,
    [AT_ONCE],
  );
  const messages = await startEach(waiting, start);
  const started = orders + messages + (await startReconciling({ pool, steer }));
  // Nobody waits for it, and what there is to start is started by now.
  for (const lookForEnded of [askAboutEndedRuns, beginAnew])
    await lookForEnded(tools).catch((error: unknown) =>
      log.warn(`runs that were ended cannot be looked for: ${(error as Error).name}`),
    );
  return { started };
};

const startReconciling = async ({ pool, steer }: Pick<Tools, 'pool' | 'steer'>): Promise<number> => {
  const { rows } = await pool.query<Waiting>(
    `select id, 'reconciliation' as type, workflow_id as "workflowId" from reconciliation
      where not workflow_started and coalesce(update_time, create_time) < now() - interval '3 seconds' order by id limit $1`,
    [AT_ONCE],
  );
  const compared = await startEach(rows, (one) => steer.startWaiting(one));
  const { rows: differences } = await pool.query<{ id: number; type: 'difference' }>(
    `select id, 'difference' as type from reconciliation_difference
      where not workflow_started and create_time < now() - interval '3 seconds' order by id limit $1`,
    [AT_ONCE],
  );
  return (
    compared +
    (await startEach(differences, ({ id: differenceId }) => steer.difference({ differenceId, said: 'found' })))
  );
};

/** One that cannot be started must not keep the others waiting, nor the rest of the sweep: the next one tries it again. Answers how many were started. */
const startEach = async <Row extends { id: number; type: string }>(
  rows: readonly Row[],
  start: (row: Row) => Promise<void>,
): Promise<number> => {
  let failing = 0;
  for (const row of rows) {
    try {
      await start(row);
    } catch (error) {
      failing += 1;
      if (failing === MOST_FAILING) throw error;
      log.warn(`the run of ${row.type} ${row.id} cannot be started: ${(error as Error).name}`);
    }
  }
  return rows.length - failing;
};
