import type { Activity, Tools } from '../kit/activity.ts';

const AT_ONCE = 500;

/** Orders, messages, comparisons of books and their differences that are in the database and whose run was never started, because whoever wrote them died in between. */
export const startWaiting: Activity<void, { started: number }> = async (_, { pool, steer }) => {
  const { rows } = await pool.query<{
    id: number;
    type: 'deposit' | 'payout' | 'transfer' | 'openAccount' | 'accountChange' | 'clientChange';
    workflowId: string;
  }>(
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
  for (const row of rows) await steer.startWaiting(row);
  // Money first, however many messages wait.
  const { rows: messages } = await pool.query<{ id: number }>(
    `select id from message where not workflow_started and create_time < now() - interval '3 seconds' order by id limit $1`,
    [AT_ONCE],
  );
  for (const { id } of messages) await steer.startWaiting({ workflowId: `message:${id}`, type: 'message', id });
  return { started: rows.length + messages.length + (await startReconciling({ pool, steer })) };
};

const startReconciling = async ({ pool, steer }: Pick<Tools, 'pool' | 'steer'>): Promise<number> => {
  const { rows } = await pool.query<{ id: number; workflowId: string }>(
    `select id, workflow_id as "workflowId" from reconciliation
      where not workflow_started and coalesce(update_time, create_time) < now() - interval '3 seconds' order by id limit $1`,
    [AT_ONCE],
  );
  for (const row of rows) await steer.startWaiting({ ...row, type: 'reconciliation' });
  const { rows: differences } = await pool.query<{ id: number }>(
    `select id from reconciliation_difference where not workflow_started and create_time < now() - interval '3 seconds' order by id limit $1`,
    [AT_ONCE],
  );
  for (const { id } of differences) await steer.difference({ differenceId: id, said: 'found' });
  return rows.length + differences.length;
};
