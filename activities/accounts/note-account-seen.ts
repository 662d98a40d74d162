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
      `with was as (
         select account_id, jsonb_build_object('group', platform_group, 'leverage', leverage, 'access', access) as before from account
          where account_id = $1 and (platform_group, leverage, access) is distinct from ($2::text, $3::integer, $4::text))
       update account set platform_group = $2, leverage = $3, access = $4, update_time = now() from was where account.account_id = was.account_id
       returning before`,
      [accountId, group, leverage, access],
    );
    if (!rows[0]) return isAsWanted; // it was seen so already
    await recordAudit(db, {
      actor: 'workflow',
      action: 'account.seen',
      object: `account:${accountId}`,
      before: rows[0].before,
      after: { group, leverage, access, changeId },
      ...run,
    });
    return isAsWanted;
  });
