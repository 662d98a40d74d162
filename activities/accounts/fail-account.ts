import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import type { Activity } from '../kit/activity.ts';

interface Failed {
  accountId: number;
  /** Workers of before say none. */
  reason?: string;
  issue: string;
  by?: string;
}

/** The platform refused the account, or somebody, `by`, gave it up. Harmless to repeat. */
export const failAccount: Activity<Failed, void> = async ({ accountId, reason, issue, by }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const { rowCount } = await db.query(
      `update account set status = 'failed', failure_reason = $2, failure_issue = $3, update_time = now() where account_id = $1 and status = 'opening'`,
      [accountId, reason ?? null, issue],
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
