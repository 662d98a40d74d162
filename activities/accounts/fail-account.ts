import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import type { Activity } from '../kit/activity.ts';

/** The platform refused the account. */
export const failAccount: Activity<{ accountId: number; issue: string }, void> = async (
  { accountId, issue },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    await db.query(
      `update account set status = 'failed', update_time = now() where account_id = $1 and status = 'opening'`,
      [accountId],
    );
    await recordAudit(db, {
      actor: 'workflow',
      action: 'account.refused',
      object: `account:${accountId}`,
      after: { issue },
      ...run,
    });
  });
