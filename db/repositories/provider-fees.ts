import { type Amount, sum } from '../../domain/money.ts';
import type { Queryable } from '../pool.ts';

/** Of one transaction: what its provider said it kept, by its id of the payment or reversal; the last of each is what the books hold. */
export type FeesBooked = Readonly<Record<string, readonly Amount[]>>;

/** Read when the transaction is locked: two that book at once would both find nothing. */
export const feesBooked = async (db: Queryable, transactionId: number): Promise<FeesBooked> => {
  const { rows } = await db.query<{ fees: FeesBooked | null }>(
    `select provider_data -> 'fees' as fees from money_transaction where transaction_id = $1`,
    [transactionId],
  );
  return rows[0]?.fees ?? {};
};

/** In the transaction that posts. */
export const noteFees = async (db: Queryable, transactionId: number, fees: FeesBooked): Promise<void> => {
  const total = sum(Object.values(fees).map((told) => told.at(-1) ?? '0'));
  await db.query(
    `update money_transaction set provider_data = provider_data || jsonb_build_object('fees', $2::jsonb), provider_commission = $3, update_time = now()
      where transaction_id = $1`,
    [transactionId, JSON.stringify(fees), total],
  );
};
