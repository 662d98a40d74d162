import type { DepositAction } from '../../adapters/kit/payments.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf } from '../kit/answer.ts';
import { assertOwnRun } from '../transactions/own-run.ts';
import { beneficiarySide } from './beneficiary-side.ts';
import { loadPayer } from './payer.ts';

/** Opens the page at the provider on which the client says where his payout shall go. Nothing moves. */
export const preparePayout: Activity<{ transactionId: number }, Answer<{ action: DepositAction }>> = (
  { transactionId },
  tools,
) =>
  answerOf(
    async () => {
      const { pool, open, signal } = tools;
      const payout = await loadTransaction(pool, transactionId);
      await assertOwnRun(tools, payout);
      const { connectionId, reference, clientId } = payout;
      const payer = await loadPayer(pool, clientId);
      const { adapter, ctx } = await open('payments', connectionId!, signal, { begins: reference });
      if (!adapter.preparePayout)
        throw new HubFailure('Unsupported', 'unsupported', 'The provider asks no client where to pay.');
      return adapter.preparePayout(ctx, {
        reference,
        ...beneficiarySide(payout),
        label: `Payout ${transactionId} client ${clientId}`,
        payer,
      });
    },
    (report) => ({ outcome: 'done', report }),
  );
