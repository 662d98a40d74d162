import type { Queryable } from '../../db/pool.ts';
import { loadRefundable, type RefundableDeposit } from '../../db/repositories/refunds.ts';
import { setStage } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Amount, compare, isPositive } from '../../domain/money.ts';

/**
 * A credited deposit of which so much is left to give back; `besides` the refund itself. Locked. Throws `Rejected`: the provider would refuse it
 * too, but only for what it knows of.
 */
export const assertRefundable = async (
  db: Queryable,
  depositId: number,
  amount: Amount | null,
  besides: number | null = null,
): Promise<RefundableDeposit> => {
  const deposit = await loadRefundable(db, depositId, besides);
  if (!deposit || deposit.stage !== 'done')
    throw new HubFailure('Rejected', 'restricted', 'Only a deposit that is credited can be given back.');
  if (!isPositive(deposit.left)) throw new HubFailure('Rejected', 'already_done', 'Nothing is left of the deposit.');
  if (amount !== null && compare(amount, deposit.left) > 0)
    throw new HubFailure('Rejected', 'amount_too_big', `${deposit.left} is left of the deposit.`, { field: 'amount' });
  return deposit;
};

/** Nothing is left of it: the deposit counts as given back. */
export const noteGivenBack = async (db: Queryable, depositId: number): Promise<void> => {
  const deposit = await loadRefundable(db, depositId);
  if (deposit?.stage === 'done' && !isPositive(deposit.left))
    await setStage(db, depositId, 'returned', { resolution: 'The payment was given back.' });
};

/** A refund failed after it counted as done: a person has to know of a deposit that counts as given back. */
export const noteNotGivenBack = async (db: Queryable, depositId: number): Promise<void> => {
  const deposit = await loadRefundable(db, depositId);
  if (deposit?.stage === 'returned' && isPositive(deposit.left))
    await setStage(db, depositId, 'returned', {
      needsHuman: `It counts as given back, but a refund failed: ${deposit.left} is the client's again.`,
    });
};
