import type { Amount } from '../../domain/money.ts';
import { FINAL_STAGES } from '../../domain/stages.ts';
import type { AccountLook } from './provider-books.ts';
import type { Queryable } from '../pool.ts';

/** A trading account's balance on its platform, and all that should explain it. */
export interface PlatformBalance {
  accountId: number;
  clientId: number;
  currency: number;
  minorUnit: number;
  state: AccountLook;
  balance: Amount | null;
  trades: Amount;
  /** What we moved onto it, net: our mirror account. */
  mirror: Amount;
  /** What differences that are open, or settled and still there, make of it. */
  explained: Amount;
  /** Something is under way, or was a moment ago: our books and the platform's were not read at the same time. */
  isBusy: boolean;
  lookedAt: Date;
}

/**
 * Accounts of a connection by id. `settledBefore`: what moved after it may still be on its way into our books. Of an account that was looked at a while
 * ago, because reading all of them takes hours, it is as much earlier: our books are read now, and what moved since is not in its balance.
 */
export const platformBalances = async (
  db: Queryable,
  {
    connectionId,
    after,
    only,
    settledBefore,
    limit,
  }: { connectionId: number; after: number; only: number | null; settledBefore: Date; limit: number },
): Promise<PlatformBalance[]> => {
  const { rows } = await db.query<PlatformBalance>(
    `select a.account_id as "accountId", a.client_id as "clientId", a.currency, c.minor_unit as "minorUnit", v.state, trim_scale(v.balance)::text as balance,
            trim_scale(v.trades)::text as trades, trim_scale(l.balance)::text as mirror, v.looked_at as "lookedAt",
            (select trim_scale(coalesce(sum(d.off_by), 0))::text from reconciliation_difference d
              where d.account_id = a.account_id and d.state <> 'resolved' and d.gone_time is null and d.kind not in ('other_balance', 'account_missing')) as explained,
            exists (select from money_transaction t where a.account_id in (t.debit_account_id, t.credit_account_id)
                       and (t.stage <> all($4::text[]) or coalesce(t.update_time, t.create_time) >= s.settled_before))
              or exists (select from provider_movement m where m.account_id = a.account_id and not m.matched and m.at >= s.settled_before) as "isBusy"
       from provider_account v join account a using (account_id) join platform p on p.id = a.platform_id join currency c on c.numeric_code = a.currency
       join ledger_account l on l.code = a.ledger_code
       cross join lateral (select least($5::timestamptz, v.looked_at - (now() - $5::timestamptz)) as settled_before) s
      where p.connection_id = $1 and a.status = 'active' and a.account_id > $2 and ($3::integer is null or a.account_id = $3)
      order by a.account_id limit $6`,
    [connectionId, after, only, FINAL_STAGES, settledBefore, limit],
  );
  return rows;
};
