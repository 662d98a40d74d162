import type { Amount } from '../../domain/money.ts';
import { QUOTE_MS } from '../../domain/rates.ts';
import type { Queryable } from '../pool.ts';

/** What a client is told: so much at this rate. */
export interface ExchangeQuote {
  rate: Amount;
  /** Without the broker's markup. */
  marketRate: Amount;
  source: string;
  /** Milliseconds. */
  sourceTime: number;
  /** What the payer's amount makes. */
  amount: Amount;
}

/** A movement that changes currency into `currency`; without a quote the rate is found when its money is here. */
export const keepExchange = async (
  db: Queryable,
  transactionId: number,
  currency: number,
  quote: ExchangeQuote | null,
): Promise<void> => {
  await db.query(
    `insert into transaction_exchange (transaction_id, currency) values ($1, $2) on conflict (transaction_id) do nothing`,
    [transactionId, currency],
  );
  if (quote) await noteQuote(db, transactionId, quote);
};

/** It stands from now on, by the clock that `quoteStands` goes by: those of the hub's own processes may differ from it. */
export const noteQuote = async (db: Queryable, transactionId: number, quote: ExchangeQuote): Promise<void> => {
  const { rate, marketRate, source, sourceTime, amount } = quote;
  await db.query(
    `update transaction_exchange set rate = $2, market_rate = $3, source = $4, source_time = to_timestamp($5), quoted_at = now(),
            expires_at = now() + make_interval(secs => $6), amount = $7, update_time = now() where transaction_id = $1`,
    [transactionId, rate, marketRate, source, sourceTime / 1000, QUOTE_MS / 1000, amount],
  );
};

/** From now on its rate never changes; the database keeps it so. */
export const noteFixed = async (db: Queryable, transactionId: number): Promise<void> => {
  await db.query(
    `update transaction_exchange set fixed_at = now(), update_time = now() where transaction_id = $1 and fixed_at is null`,
    [transactionId],
  );
};

/** These have its fixed rate, besides those that have it. */
export const notePayments = async (
  db: Queryable,
  transactionId: number,
  payments: readonly string[],
): Promise<void> => {
  await db.query(
    `update transaction_exchange set payments = array(select distinct unnest(coalesce(payments, '{}') || $2::text[]) order by 1), update_time = now()
      where transaction_id = $1`,
    [transactionId, payments],
  );
};

/** Null: nobody kept which. */
export const paymentsOf = async (db: Queryable, transactionId: number): Promise<string[] | null> => {
  const { rows } = await db.query<{ payments: string[] | null }>(
    `select payments from transaction_exchange where transaction_id = $1`,
    [transactionId],
  );
  return rows[0]?.payments ?? null;
};

/** What the payer's amount made in the end. */
export const noteExchanged = async (db: Queryable, transactionId: number, amount: Amount): Promise<void> => {
  await db.query(`update transaction_exchange set amount = $2, update_time = now() where transaction_id = $1`, [
    transactionId,
    amount,
  ]);
};

/** True while what was quoted stands. Locks the row. */
export const quoteStands = async (db: Queryable, transactionId: number): Promise<boolean> => {
  const { rows } = await db.query<{ stands: boolean }>(
    `select coalesce(expires_at > now(), false) as stands from transaction_exchange where transaction_id = $1 for update`,
    [transactionId],
  );
  return rows[0]?.stands ?? false;
};
