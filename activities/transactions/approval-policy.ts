import { loadApprovalFacts } from '../../db/repositories/orders.ts';
import type { Queryable } from '../../db/pool.ts';
import { loadTransaction, type TransactionRow } from '../../db/repositories/transactions.ts';
import { approvalsNeeded } from '../../domain/approvals.ts';
import type { Amount } from '../../domain/money.ts';
import type { Activity, Tools } from '../kit/activity.ts';

/** How many persons must approve `amount` of this transaction: by policy, and at least one where only a person sees the money. */
export const policyFor = async (
  { provider }: Pick<Tools, 'provider'>,
  db: Queryable,
  transaction: TransactionRow,
  amount: Amount,
): Promise<0 | 1 | 2> => {
  const { type: kind, currency, methodId } = transaction;
  const { policies, tagIds, provider: id } = await loadApprovalFacts(db, transaction);
  const needed = approvalsNeeded(policies, { kind, currency: currency.numericCode, methodId, tagIds, amount });
  if (needed > 0 || id === null) return needed;
  return provider(id).confirmedBy === 'person' ? 1 : 0;
};

/** Asked when other than the ordered amount is about to move. */
export const approvalsFor: Activity<{ transactionId: number; amount: Amount }, 0 | 1 | 2> = async (
  { transactionId, amount },
  tools,
) => policyFor(tools, tools.pool, await loadTransaction(tools.pool, transactionId), amount);
