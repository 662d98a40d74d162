import type { DepositReport } from '../../adapters/kit/payments.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf, sameCurrency } from '../kit/answer.ts';
import { assertOwnRun } from '../transactions/own-run.ts';
import { formFields, loadPayer } from './payer.ts';

/** Opens a deposit of the ordered amount at the provider: a payment page, or what the payer is told to do. */
export const createDeposit: Activity<{ transactionId: number }, Answer<DepositReport>> = ({ transactionId }, tools) =>
  answerOf(
    async () => {
      const { pool, open, signal } = tools;
      const deposit = await loadTransaction(pool, transactionId);
      await assertOwnRun(tools, deposit);
      const { connectionId, reference, amount, currency, clientId, data } = deposit;
      const payer = await loadPayer(pool, clientId);
      const { adapter, ctx } = await open('payments', connectionId!, signal, { begins: reference });
      if (!adapter.createDeposit) throw new HubFailure('Unsupported', 'unsupported', 'The provider takes no deposits.');
      const report = await adapter.createDeposit(ctx, {
        reference,
        flow: 'invoice',
        amount,
        currency,
        label: `Client ${clientId}`,
        payer,
        ...formFields(data),
      });
      sameCurrency(currency.numericCode, report.currencyCode);
      return report;
    },
    (report) => ({ outcome: 'pending', report }),
  );
