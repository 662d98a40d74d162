import { type UserActor, assertSees } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';
import { type TransactionView, maskTransaction, transactionViews } from '../../presenters/transaction.ts';
import type { MoneyHub } from '../hub.ts';

/** The transaction as this operator may see it. */
export const showTransaction = async (
  { pool }: MoneyHub,
  actor: UserActor,
  transactionId: number,
): Promise<TransactionView> => {
  const view = (await transactionViews(pool, [transactionId])).get(transactionId)!;
  return actor.maskData ? maskTransaction(view) : view;
};

export interface TransactionFacts {
  id: number;
  clientId: number;
  workflowId: string;
  stage: string;
  comment: string | null;
}

/** 404 when there is none, or when its client is none of the caller's. */
export const seenTransaction = async (
  { pool }: MoneyHub,
  actor: UserActor,
  transactionId: number,
): Promise<TransactionFacts> => {
  const { rows } = await pool.query<TransactionFacts>(
    `select transaction_id as id, client_id as "clientId", workflow_id as "workflowId", stage, comment from money_transaction where transaction_id = $1`,
    [transactionId],
  );
  if (!rows[0]) throw notFound('transaction');
  await assertSees(pool, actor, rows[0].clientId, 'transaction');
  return rows[0];
};
