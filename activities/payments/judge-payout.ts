import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { type Amount, compare, isPositive } from '../../domain/money.ts';
import type { Answer } from '../../domain/outcomes.ts';

/** Where a payout of this amount stands, as one of the five outcomes. */
export const judgePayout =
  (asked: Amount) =>
  (report: PayoutReport): Answer<PayoutReport> => {
    const { state, processed, providerStatus, why } = report;
    // Paid, and nothing of it: neither can be booked, so a person finds out which of the two is true.
    if (state === 'succeeded' && processed !== null && !isPositive(processed))
      return { outcome: 'unknown', message: `the provider says '${providerStatus}', and that it paid ${processed}` };
    // A part came back, so it had arrived: booked as it was ordered, and the part by what books returns.
    const isPart = state === 'returned' && processed !== null && compare(processed, asked) < 0;
    if (isPart) return { outcome: 'done', report: { ...report, processed: null } };
    switch (state) {
      case 'succeeded':
        return { outcome: 'done', report };
      case 'processing':
      case 'awaiting_approval':
        return { outcome: 'pending', report };
      case 'failed':
      case 'cancelled':
      case 'returned':
        return {
          outcome: 'refused',
          reason: 'provider_refused',
          message: why ?? `The provider says: ${providerStatus}.`,
        };
    }
  };
