import { notFound } from '../../kit/errors.ts';
import { type MyTransactionView, myTransactionViews } from '../../presenters/transaction.ts';
import type { MoneyHub } from '../hub.ts';

export const showMyTransaction = async ({ pool }: MoneyHub, transactionId: number): Promise<MyTransactionView> =>
  (await myTransactionViews(pool, [transactionId])).get(transactionId)!;

/** 404 when there is none, or when it is another client's. */
export const ownTransaction = async (
  { pool }: MoneyHub,
  clientId: number,
  transactionId: number,
): Promise<{ orderedByOperator: boolean }> => {
  const { rows } = await pool.query<{ orderedByOperator: boolean }>(
    `select user_id is not null as "orderedByOperator" from money_transaction where transaction_id = $1 and client_id = $2`,
    [transactionId, clientId],
  );
  if (!rows[0]) throw notFound('transaction');
  return rows[0];
};
