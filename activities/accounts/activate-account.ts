import { inTransaction } from '../../db/pool.ts';
import { loadAccountToOpen } from '../../db/repositories/accounts.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { openLedgerAccount } from '../../db/repositories/ledger.ts';
import type { Activity } from '../kit/activity.ts';

/** The platform has the account: it gets its number and its mirror in the ledger. Harmless to repeat. */
export const activateAccount: Activity<{ accountId: number; login: string }, void> = async (
  { accountId, login },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    const account = await loadAccountToOpen(db, accountId);
    await openLedgerAccount(db, account.ledgerCode, 'trading', account.currencyCode);
    const { rowCount } = await db.query(
      `update account set account_number = $2, status = 'active', update_time = now() where account_id = $1 and status = 'opening'`,
      [accountId, login],
    );
    if (rowCount === 0) return;
    await recordAudit(db, {
      actor: 'workflow',
      action: 'account.opened',
      object: `account:${accountId}`,
      after: { login },
      ...run,
    });
  });
