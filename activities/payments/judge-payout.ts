import type { PayoutReport } from '../../adapters/kit/payments.ts';
import type { Answer } from '../../domain/outcomes.ts';

/** Where a payout stands, as one of the five outcomes. */
export const judgePayout = (report: PayoutReport): Answer<PayoutReport> => {
  switch (report.state) {
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
        message: report.why ?? `The provider says: ${report.providerStatus}.`,
      };
  }
};
