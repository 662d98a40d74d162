import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { loadTransaction, providerSide } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import { subtract } from '../../domain/money.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf, sameCurrency } from '../kit/answer.ts';
import { judgePayout } from './judge-payout.ts';

/**
 * Asks the provider to pay out the amount less the broker's commission, or what that makes in another currency. Where to is read here, from the database: it is
 * personal data and does not travel through histories.
 */
export const createPayout: Activity<{ transactionId: number }, Answer<PayoutReport>> = (
  { transactionId },
  { pool, open, signal },
) =>
  answerOf(async () => {
    const payout = await loadTransaction(pool, transactionId);
    const { connectionId, reference, clientId, data, exchange } = payout;
    const { amount, currency } = providerSide(payout);
    const { adapter, ctx } = await open('payments', connectionId!, signal, { begins: reference });
    if (!adapter.createPayout) throw new HubFailure('Unsupported', 'unsupported', 'The provider makes no payouts.');
    const { address, iban, destinationTag } = data as { address?: string; iban?: string; destinationTag?: string };
    const report = await adapter.createPayout(ctx, {
      reference,
      amount: exchange ? amount! : subtract(payout.amount, payout.vendorCommission),
      currency,
      label: `Payout ${transactionId} client ${clientId}`,
      destination: { address: address ?? iban ?? '', ...(destinationTag ? { tag: destinationTag } : {}) },
    });
    sameCurrency(currency.numericCode, report.currencyCode);
    return report;
  }, judgePayout);
