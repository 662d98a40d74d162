import { loadApprovalFacts } from '../../db/repositories/orders.ts';
import type { Queryable } from '../../db/pool.ts';
import { isCorrection, loadTransaction, type TransactionRow } from '../../db/repositories/transactions.ts';
import { approvalsNeeded } from '../../domain/approvals.ts';
import type { Amount } from '../../domain/money.ts';
import { convert } from '../../domain/rates.ts';
import type { Activity, Tools } from '../kit/activity.ts';

/**
 * How many persons must approve `amount` of this transaction: by policy, and at least one where only a person sees the money, or makes it. What changes currency is
 * judged in both, and the stricter one counts: nobody gets around a limit by paying in another currency.
 */
export const policyFor = async (
  { provider }: Pick<Tools, 'provider'>,
  db: Queryable,
  transaction: TransactionRow,
  amount: Amount,
): Promise<0 | 1 | 2> => {
  const { type: kind, currency, methodId, exchange } = transaction;
  const { policies, tagIds, provider: id } = await loadApprovalFacts(db, transaction);
  const neededFor = (code: number, sum: Amount) =>
    approvalsNeeded(policies, { kind, currency: code, methodId, tagIds, amount: sum });
  const asPaid = neededFor(currency.numericCode, amount);
  const asReceived = exchange?.rate
    ? neededFor(exchange.currency.numericCode, convert(amount, exchange.rate, exchange.currency.minorUnit))
    : 0;
  const needed = Math.max(asPaid, asReceived) as 0 | 1 | 2;
  if (isCorrection(transaction)) return needed === 0 ? 1 : needed;
  if (needed > 0 || id === null) return needed;
  return provider(id).confirmedBy === 'person' ? 1 : 0;
};

/** Asked when other than the ordered amount is about to move. */
export const approvalsFor: Activity<{ transactionId: number; amount: Amount }, 0 | 1 | 2> = async (
  { transactionId, amount },
  tools,
) => policyFor(tools, tools.pool, await loadTransaction(tools.pool, transactionId), amount);
