import type { BalanceTicket } from '../../adapters/kit/trading.ts';
import { loadAccountFacts } from '../../db/repositories/orders.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import { equal } from '../../domain/money.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import type { BalanceChange } from './apply-balance.ts';

/** Looks for our operation in the platform's books. Null = read, and not there. */
export const findBalanceOperation: Activity<BalanceChange, Answer<BalanceTicket> | null> = async (
  { transactionId, kind },
  { pool, open, signal },
) => {
  const transfer = await loadTransaction(pool, transactionId);
  const account = (await loadAccountFacts(
    pool,
    kind === 'deposit' ? transfer.creditAccountId! : transfer.debitAccountId!,
  ))!;
  const { adapter, ctx } = await open('trading', account.connectionId!, signal, { begun: transfer.reference });
  const ticket = await adapter.findBalanceOperation(ctx, {
    login: account.accountNumber!,
    operationKey: transfer.reference,
    since: transfer.createTime.getTime(),
  });
  if (!ticket) return null;
  if (!equal(ticket.amount, transfer.amount)) {
    throw new HubFailure(
      'OutcomeUnknown',
      'provider_garbage',
      `the platform booked ${ticket.amount}, asked was ${transfer.amount}`,
    );
  }
  return { outcome: 'done', report: ticket };
};
