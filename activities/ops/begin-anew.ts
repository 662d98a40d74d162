import { recordAudit } from '../../db/repositories/audit.ts';
import type { Steer, Tools } from '../kit/activity.ts';

/** One that failed for good would mostly fail again at once; by then somebody may have mended it. */
const FAILED_REST_MS = 3_600_000;

/**
 * Accounts that are being opened, and changes of accounts and of clients, whose run was ended from outside: no money is held by them, whoever began them waits, and
 * their runs find out what was done before they do it. They are begun anew (docs/decisions/0086-begun-anew.md).
 */
export const beginAnew = async ({ pool, steer, run }: Pick<Tools, 'pool' | 'steer' | 'run'>): Promise<void> => {
  const ended = await steer.endedRuns(['openAccount', 'accountChange', 'clientChange']);
  if (ended.length === 0) return;
  const { rows } = await pool.query<Parameters<Steer['startWaiting']>[0] & { object: string }>(
    `select * from (
       select account_id as id, 'openAccount' as type, 'open-account:' || account_id as "workflowId", 'account:' || account_id as object
         from account where status = 'opening'
       union all
       select id, 'accountChange', 'account-change:' || id, 'account:' || account_id from account_change where state in ('waiting', 'withdrawing')
       union all
       select id, 'clientChange', workflow_id, 'client:' || client_id from client_change where state = 'waiting') waiting
      where "workflowId" = any($1)`,
    [ended],
  );
  for (const { object, ...one } of rows) {
    if (await steer.isRunning(one.workflowId)) continue;
    const failedAt = await steer.failedAt(one.workflowId);
    if (failedAt && Date.now() - failedAt.getTime() < FAILED_REST_MS) continue;
    await steer.startWaiting(one);
    await recordAudit(pool, {
      actor: 'workflow',
      action: 'runs.begun-anew',
      object,
      after: { run: one.workflowId },
      ...run,
    });
  }
};
