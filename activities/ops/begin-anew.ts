import { recordAudit } from '../../db/repositories/audit.ts';
import { noteMessageState } from '../../db/repositories/messages.ts';
import type { Steer, Tools } from '../kit/activity.ts';

/** One that failed for good would mostly fail again at once; by then somebody may have mended it. */
const FAILED_REST_MS = 3_600_000;

type Waiting = Parameters<Steer['startWaiting']>[0];
interface Ended extends Waiting {
  /** For the audit. */
  object: string;
  /** Of a message: a provider may have it. */
  inDoubt: boolean;
}

/**
 * What holds no money and whose run was ended from outside: accounts that are being opened, changes of accounts and of clients, messages, comparisons of books and their
 * differences. Whoever began them waits, and
 * their runs find out what was done before they do it: they are begun anew (docs/decisions/0086-begun-anew.md). A message that may be out already is left to a person.
 */
export const beginAnew = async ({ pool, steer, run }: Pick<Tools, 'pool' | 'steer' | 'run'>): Promise<void> => {
  const ended = await steer.endedRuns([
    'openAccount',
    'accountChange',
    'clientChange',
    'message',
    'reconciliation',
    'difference',
  ]);
  if (ended.length === 0) return;
  const { rows } = await pool.query<Ended>(
    `select * from (
       select account_id as id, 'openAccount' as type, 'open-account:' || account_id as "workflowId", 'account:' || account_id as object, false as "inDoubt"
         from account where status = 'opening'
       union all
       select id, 'accountChange', 'account-change:' || id, 'account:' || account_id, false from account_change where state in ('waiting', 'withdrawing')
       union all
       select id, 'clientChange', workflow_id, 'client:' || client_id, false from client_change where state = 'waiting'
       union all
       select id, 'message', 'message:' || id, 'message:' || id, state = 'sending' from message where state in ('queued', 'sending')
       union all
       select id, 'reconciliation', workflow_id, 'reconciliation:' || id, false from reconciliation where state in ('waiting', 'reading', 'comparing')
       union all
       select id, 'difference', workflow_id, 'difference:' || id, false from reconciliation_difference where state = 'open') waiting
      where "workflowId" = any($1)`,
    [ended],
  );
  for (const one of rows) {
    const { running, failedAt } = await steer.standing(one.workflowId);
    if (running || isResting(failedAt)) continue;
    if (one.inDoubt) await leave(pool, one);
    else await begin({ pool, steer, run }, one);
  }
};

const isResting = (failedAt: Date | null): boolean =>
  failedAt !== null && Date.now() - failedAt.getTime() < FAILED_REST_MS;

const leave = (pool: Tools['pool'], { id: messageId }: Ended): Promise<void> =>
  noteMessageState(pool, {
    messageId,
    attempt: 0,
    state: 'unknown',
    reason: 'Its run was ended from outside while it was being sent.',
  });

const begin = async (
  { pool, steer, run }: Pick<Tools, 'pool' | 'steer' | 'run'>,
  { object, workflowId, type, id }: Ended,
): Promise<void> => {
  await steer.startWaiting({ workflowId, type, id });
  await recordAudit(pool, { actor: 'workflow', action: 'runs.begun-anew', object, after: { run: workflowId }, ...run });
};
