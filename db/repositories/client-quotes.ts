import type { Amount } from '../../domain/money.ts';
import type { Queryable } from '../pool.ts';
import type { ExchangeQuote } from './exchanges.ts';

export interface Exchangeable {
  currency: number;
  /** Largest amount of the base currency at once; null = no limit. */
  maxAmount: Amount | null;
}

/** What clients may change `from` into, and how much of it: pairs kept either way round. */
export const exchangeableInto = async (db: Queryable, from: number): Promise<Exchangeable[]> => {
  const { rows } = await db.query<Exchangeable>(
    `select distinct on (o.numeric_code) o.numeric_code as currency,
            trim_scale(case when p.from_currency = $1 then p.max_amount_from else p.max_amount_to end)::text as "maxAmount"
       from currency_pair p join currency o on o.numeric_code = case when p.from_currency = $1 then p.to_currency else p.from_currency end
      where $1 in (p.from_currency, p.to_currency) and p.is_enabled and o.enabled
      order by o.numeric_code, p.from_currency = $1 desc`,
    [from],
  );
  return rows;
};

/** Keeps what a client is told; answers its id. */
export const keepClientQuote = async (
  db: Queryable,
  asked: { clientId: number; from: number; to: number; maxAmount: Amount | null },
  quote: Omit<ExchangeQuote, 'amount'> & { expiresAt: number },
): Promise<string> => {
  const { rows } = await db.query<{ id: string }>(
    `insert into client_quote (client_id, from_currency, to_currency, rate, market_rate, source, source_time, max_amount, expires_at)
     values ($1, $2, $3, $4, $5, $6, to_timestamp($7), $8, to_timestamp($9)) returning id`,
    [
      asked.clientId,
      asked.from,
      asked.to,
      quote.rate,
      quote.marketRate,
      quote.source,
      quote.sourceTime / 1000,
      asked.maxAmount,
      quote.expiresAt / 1000,
    ],
  );
  return rows[0]!.id;
};

/** A week after they ran out nobody asks about them. */
export const dropOldQuotes = async (db: Queryable): Promise<void> => {
  await db.query(`delete from client_quote where expires_at < now() - interval '7 days'`);
};
