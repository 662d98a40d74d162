import { inTransaction } from '../../db/pool.ts';
import { loadAccountChange } from '../../db/repositories/account-changes.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type ChangeEnd, isOver } from '../../domain/account-change.ts';
import type { Activity } from '../kit/activity.ts';

/** How a change went, or that it is being withdrawn. An account that was to be put away and was not takes money again. Harmless to repeat. */
export const settleAccountChange: Activity<
  { changeId: number } & (ChangeEnd | { state: 'withdrawing'; reason: null; issue: null }),
  void
> = async ({ changeId, state, reason, issue }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const { accountId, wanted, state: before } = await loadAccountChange(db, changeId, true);
    if (isOver(before) || before === state) return;
    await db.query(
      `update account_change set state = $2, reason = $3, issue = $4, sealed = case when $2 = 'withdrawing' then sealed end, update_time = now() where id = $1`,
      [changeId, state, reason, issue],
    );
    const over = state === 'refused' || state === 'withdrawn';
    await db.query(
      `update account set status = case when $2 and status = 'archiving' then 'active' else status end, update_time = now() where account_id = $1`,
      [accountId, over && wanted.archived === true],
    );
    await recordAudit(db, {
      actor: 'workflow',
      action: `account.change_${state}`,
      object: `account:${accountId}`,
      after: { changeId, wanted, issue },
      ...run,
    });
  });
