import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import type { Activity } from '../kit/activity.ts';

/** The platform refused the account, or somebody, `by`, gave it up. Harmless to repeat. */
export const failAccount: Activity<{ accountId: number; issue: string; by?: string }, void> = async (
  { accountId, issue, by },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    const { rowCount } = await db.query(
      `update account set status = 'failed', update_time = now() where account_id = $1 and status = 'opening'`,
      [accountId],
    );
    if (rowCount === 0) return;
    await recordAudit(db, {
      actor: by ?? 'workflow',
      action: by === undefined ? 'account.refused' : 'account.given-up',
      object: `account:${accountId}`,
      after: { issue },
      ...run,
    });
  });
