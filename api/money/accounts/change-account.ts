import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { type Actor, actorName } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';
import type { MoneyHub } from '../hub.ts';
import { accountOf } from '../../../activities/intake/accounts.ts';

export interface AccountChange {
  caption?: string | undefined;
  permissions?: string[] | undefined;
  favourite?: boolean | undefined;
}

/** 404 when the account is none of the caller's. */
export const changeAccount = (
  { pool }: MoneyHub,
  actor: Actor,
  accountId: number,
  change: AccountChange,
  requestId: string,
): Promise<void> =>
  inTransaction(pool, async (db) => {
    await accountOf(db, actor, accountId, 'accountId');
    const { rows } = await db.query<{ before: Record<string, unknown> }>(
      `select jsonb_build_object('caption', caption, 'permissions', permissions, 'favourite', favourite) as before
         from account where account_id = $1 for no key update`,
      [accountId],
    );
    if (!rows[0]) throw notFound('account');
    await db.query(
      `update account set caption = coalesce($2, caption), permissions = coalesce($3::text[], permissions), favourite = coalesce($4, favourite),
              update_time = now() where account_id = $1`,
      [accountId, change.caption ?? null, change.permissions ?? null, change.favourite ?? null],
    );
    await recordAudit(db, {
      actor: actorName(actor),
      action: 'accounts.update',
      object: `account:${accountId}`,
      before: rows[0].before,
      after: { ...rows[0].before, ...change },
      requestId,
    });
  });
