import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf, sameCurrency } from '../kit/answer.ts';
import { assertOwnRun } from '../transactions/own-run.ts';
import { assertStillMayWithdraw } from '../transactions/restrictions.ts';
import { beneficiarySide } from './beneficiary-side.ts';
import { judgePayout } from './judge-payout.ts';
import { formFields, loadPayer } from './payer.ts';

/**
 * Asks the provider to pay out the amount less the broker's commission, or what that makes in another currency. Where to is read here, from the database: it is
 * personal data and does not travel through histories. Whether the client still may is asked at each attempt: he may have been banned while it waited for its
 * provider. After a lost answer such a no is not the last word: the story asks the provider.
 */
export const createPayout: Activity<{ transactionId: number; paysAlready?: boolean }, Answer<PayoutReport>> = async (
  { transactionId, paysAlready = false },
  tools,
) => {
  const { pool, open, signal } = tools;
  const payout = await loadTransaction(pool, transactionId);
  const { connectionId, reference, clientId, data } = payout;
  const { amount, currency } = beneficiarySide(payout);
  return answerOf(async () => {
    await assertOwnRun(tools, payout);
    const payer = await loadPayer(pool, clientId);
    const { provider, adapter, ctx } = await open('payments', connectionId!, signal, { begins: reference });
    // What people pay, or the provider is paying, cannot be refused any more: booking it is all that is left.
    if (provider.confirmedBy !== 'person' && !paysAlready) await assertStillMayWithdraw({ transactionId }, tools);
    if (!adapter.createPayout) throw new HubFailure('Unsupported', 'unsupported', 'The provider makes no payouts.');
    const { address, iban, destinationTag } = data as { address?: string; iban?: string; destinationTag?: string };
    const report = await adapter.createPayout(ctx, {
      reference,
      amount,
      currency,
      label: `Payout ${transactionId} client ${clientId}`,
      destination: {
        address: address ?? iban ?? '',
        ...(destinationTag ? { tag: destinationTag } : {}),
        ...formFields(data),
      },
      payer,
    });
    sameCurrency(currency.numericCode, report.currencyCode);
    return report;
  }, judgePayout(amount));
};
