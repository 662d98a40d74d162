import type { DepositReport } from '../../adapters/kit/payments.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf, sameCurrency } from '../kit/answer.ts';

/** Opens a payment page at the provider for the ordered amount. */
export const createDeposit: Activity<{ transactionId: number }, Answer<DepositReport>> = (
  { transactionId },
  { pool, open, signal },
) =>
  answerOf(
    async () => {
      const { connectionId, reference, amount, currency, clientId } = await loadTransaction(pool, transactionId);
      const { adapter, ctx } = await open('payments', connectionId!, signal, { begins: reference });
      if (!adapter.createDeposit) throw new HubFailure('Unsupported', 'unsupported', 'The provider takes no deposits.');
      const report = await adapter.createDeposit(ctx, {
        reference,
        flow: 'invoice',
        amount,
        currency,
        label: `Client ${clientId}`,
      });
      sameCurrency(currency.numericCode, report.currencyCode);
      return report;
    },
    (report) => ({ outcome: 'pending', report }),
  );
