import type pg from 'pg';
import type { Amount } from '../../domain/money.ts';
import { inTransaction, type Queryable } from '../pool.ts';

/** A movement as a provider's or platform's books show it. */
export interface BookedMovement {
  kind: 'deposit' | 'payout' | 'refund' | 'operation';
  providerId: string;
  reference?: string;
  amount: Amount;
  currencyCode: number;
  /** Milliseconds. */
  at: number;
}

/** What was read: all that these books hold of one stretch of time. `to` excluded. */
export interface BooksRead {
  connectionId: number;
  /** Set for the books of one trading account. */
  accountId: number | null;
  from: Date;
  to: Date;
  movements: readonly BookedMovement[];
}

/**
 * Keeps what was read in place of what was known of that time: new ones come, changed ones are to be compared again, and those the books no longer hold
 * are forgotten. So is an operation on a trading account as it was known at another time, outside of this one even: its platform's clock has changed.
 * Harmless to repeat.
 */
export const keepMovements = (pool: pg.Pool, { connectionId, accountId, from, to, movements }: BooksRead) =>
  inTransaction(pool, async (db) => {
    const rows = numbered(movements);
    const column = <T>(of: (one: (typeof rows)[number]) => T) => rows.map(of);
    const { rows: kept } = await db.query<{ id: string }>(
      `insert into provider_movement as m (connection_id, account_id, kind, provider_id, at, copy, reference, amount, currency)
       select $1, $2, s.* from unnest($3::text[], $4::text[], $5::timestamptz[], $6::smallint[], $7::text[], $8::numeric[], $9::integer[]) as s
       on conflict (connection_id, coalesce(account_id, 0), kind, provider_id, at, copy) do update
         set reference = excluded.reference, amount = excluded.amount, currency = excluded.currency,
             transaction_id = case when m.reference is not distinct from excluded.reference then m.transaction_id end,
             matched = m.matched and (m.reference, m.amount, m.currency) is not distinct from (excluded.reference, excluded.amount, excluded.currency)
       returning id`,
      [
        connectionId,
        accountId,
        column((one) => one.kind),
        column((one) => one.providerId),
        column((one) => new Date(one.at)),
        column((one) => one.copy),
        column((one) => one.reference ?? null),
        column((one) => one.amount),
        column((one) => one.currencyCode),
      ],
    );
    const { rows: gone } = await db.query<{ transactionId: number | null; reversalId: number | null }>(
      `delete from provider_movement where id <> all($5::bigint[]) and id in (
          select id from provider_movement where connection_id = $1 and account_id is not distinct from $2 and at >= $3 and at < $4
          union all
          select id from provider_movement where connection_id = $1 and coalesce(account_id, 0) = $2 and kind = 'operation' and provider_id = any($6))
       returning transaction_id as "transactionId", reversal_id as "reversalId"`,
      [connectionId, accountId, from, to, kept.map(({ id }) => id), column((one) => one.providerId)],
    );
    // What agreed with the one that is gone has to be compared again.
    for (const { transactionId, reversalId } of gone) {
      await db.query(
        `update provider_movement set matched = false where connection_id = $1 and (transaction_id = $2 or reversal_id = $3)`,
        [connectionId, transactionId, reversalId],
      );
    }
  });

/** Those that are alike but for their amount are counted, always in the same order. */
const numbered = (movements: readonly BookedMovement[]): (BookedMovement & { copy: number })[] => {
  const seen = new Map<string, number>();
  return movements
    .toSorted((a, b) => a.at - b.at || (a.amount < b.amount ? -1 : a.amount > b.amount ? 1 : 0))
    .map((one) => {
      const alike = `${one.kind} ${one.providerId} ${one.at}`;
      const copy = seen.get(alike) ?? 0;
      seen.set(alike, copy + 1);
      return { ...one, copy };
    });
};

/** Books of more than a year ago are read again when somebody wants to compare them. */
export const dropOldMovements = async (db: Queryable, connectionId: number): Promise<void> => {
  await db.query(
    `delete from provider_movement where connection_id = $1 and matched and at < now() - interval '400 days'`,
    [connectionId],
  );
};

export interface PlatformAccount {
  accountId: number;
  login: string;
  currencyCode: number;
  openedAt: Date;
  /** Results of the trades that were closed before `carriedTo`; null when it was never looked at. */
  carried: { trades: Amount; to: Date } | null;
}

/** Accounts of a platform that are in use, by id. */
export const accountsToRead = async (
  db: Queryable,
  { connectionId, after, only, limit }: { connectionId: number; after: number; only: number | null; limit: number },
): Promise<PlatformAccount[]> => {
  const { rows } = await db.query<Omit<PlatformAccount, 'carried'> & { trades: Amount | null; carriedTo: Date | null }>(
    `select a.account_id as "accountId", a.account_number as login, a.currency as "currencyCode", a.create_time as "openedAt",
            trim_scale(v.carried)::text as trades, v.carried_to as "carriedTo"
       from account a join platform p on p.id = a.platform_id left join provider_account v using (account_id)
      where p.connection_id = $1 and a.status = 'active' and a.account_number is not null and a.account_id > $2 and ($3::integer is null or a.account_id = $3)
      order by a.account_id limit $4`,
    [connectionId, after, only, limit],
  );
  return rows.map(({ trades, carriedTo, ...account }) => ({
    ...account,
    carried: trades === null || carriedTo === null ? null : { trades, to: carriedTo },
  }));
};

/**
 * `idle`: nothing was open and nothing moved while it was read, so its balance can be explained; `trading`: positions are open; `moving`: it changed
 * meanwhile; `missing`: the platform does not know it; `not_shown`: the adapter tells no trades.
 */
export type AccountLook = 'idle' | 'trading' | 'moving' | 'missing' | 'not_shown';

export interface AccountSeen {
  accountId: number;
  state: AccountLook;
  balance: Amount | null;
  trades: Amount;
  carried: Amount;
  carriedTo: Date;
}

export const keepAccount = async (db: Queryable, seen: AccountSeen): Promise<void> => {
  await db.query(
    `insert into provider_account (account_id, state, balance, trades, carried, carried_to, looked_at) values ($1, $2, $3, $4, $5, $6, now())
     on conflict (account_id) do update set state = excluded.state, balance = excluded.balance, trades = excluded.trades, carried = excluded.carried,
       carried_to = excluded.carried_to, looked_at = excluded.looked_at`,
    [seen.accountId, seen.state, seen.balance, seen.trades, seen.carried, seen.carriedTo],
  );
};
