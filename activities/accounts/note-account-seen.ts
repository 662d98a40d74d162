import type { TradingAccount } from '../../adapters/kit/trading.ts';
import { inTransaction } from '../../db/pool.ts';
import { loadAccountChange } from '../../db/repositories/account-changes.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { isOver } from '../../domain/account-change.ts';
import type { Activity } from '../kit/activity.ts';

/** Mirrors how an account is at its platform, after a withdrawn change whose answer was lost. Answers whether it is as the change wanted. */
export const noteAccountSeen: Activity<{ changeId: number; seen: TradingAccount }, boolean> = async (
  { changeId, seen: { group, leverage, access } },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    const { accountId, wanted, state } = await loadAccountChange(db, changeId, true);
    const isAsWanted =
      (wanted.group ?? group) === group &&
      (wanted.leverage ?? leverage) === leverage &&
      (wanted.access ?? access) === access;
    if (isOver(state)) return isAsWanted; // the account may be as a later change wanted
    const { rows } = await db.query<{ before: unknown }>(
      `select jsonb_build_object('group', platform_group, 'leverage', leverage, 'access', access) as before from account where account_id = $1`,
      [accountId],
    );
    await db.query(
      `update account set platform_group = $2, leverage = $3, access = $4, update_time = now() where account_id = $1`,
      [accountId, group, leverage, access],
    );
    await recordAudit(db, {
      actor: 'workflow',
      action: 'account.seen',
      object: `account:${accountId}`,
      before: rows[0]!.before,
      after: { group, leverage, access, changeId },
      ...run,
    });
    return isAsWanted;
  });
