import type { BalanceTicket } from '../../adapters/kit/trading.ts';
import { loadAccountFacts } from '../../db/repositories/orders.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import { equal } from '../../domain/money.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf } from '../kit/answer.ts';
import { assertOwnRun } from '../transactions/own-run.ts';
import { assertIsThere } from './assert-is-there.ts';

export interface BalanceChange {
  transactionId: number;
  kind: 'deposit' | 'withdraw';
}

/** Pays into or takes from a trading account on its platform. Our reference goes first into the platform's comment. */
export const applyBalance: Activity<BalanceChange, Answer<BalanceTicket>> = ({ transactionId, kind }, tools) =>
  answerOf(
    async () => {
      const { pool, open, signal } = tools;
      const transfer = await loadTransaction(pool, transactionId);
      await assertOwnRun(tools, transfer);
      const account = (await loadAccountFacts(
        pool,
        kind === 'deposit' ? transfer.creditAccountId! : transfer.debitAccountId!,
      ))!;
      const { amount, currency, reference } = transfer;
      const { provider, adapter, ctx } = await open('trading', account.connectionId!, signal, { begins: reference });
      const login = account.accountNumber!;
      if (kind === 'withdraw') await assertIsThere(tools, transfer, { provider, adapter, ctx, login });
      const ticket = await adapter.applyBalance(ctx, {
        login,
        kind,
        amount,
        currency,
        operationKey: reference,
        text: `transfer ${transactionId}`,
      });
      if (!equal(ticket.amount, amount))
        throw new HubFailure(
          'OutcomeUnknown',
          'provider_garbage',
          `the platform booked ${ticket.amount}, asked was ${amount}`,
        );
      return ticket;
    },
    (report) => ({ outcome: 'done', report }),
  );
