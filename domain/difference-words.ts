import type { Amount } from './money.ts';
import type { DifferenceKind } from './reconciliation.ts';

export interface DifferenceFacts {
  kind: DifferenceKind;
  provider: string;
  transactionId: number | null;
  /** Of the transaction. */
  stage: string | null;
  reference: string | null;
  providerId: string | null;
  /** '25.5 USD' */
  ours: string | null;
  theirs: string | null;
  offBy: Amount | null;
}

/** One difference in a sentence, for an operator. No personal data: only numbers of ours and the provider's. */
export const inWords = (facts: DifferenceFacts): string => {
  const { kind, provider, stage, reference, providerId, ours, theirs, offBy } = facts;
  const ourSide = facts.transactionId === null ? 'our books' : `transaction ${facts.transactionId}`;
  switch (kind) {
    case 'missing_there':
      return `${ourSide} is ${stage} with ${ours} in our books, and ${provider} has no such movement (our reference ${reference}).`;
    case 'missing_here':
      return `${provider} moved ${theirs} (${providerId}) without a reference of ours, and our books know nothing of it.`;
    case 'unknown_reference':
      return `${provider} moved ${theirs} (${providerId}) under ${reference}, which our books do not know there.`;
    case 'other_amount':
      return `${provider} moved ${theirs} (${providerId}) for ${ourSide}, and our books hold ${ours}.`;
    case 'other_currency':
      return `${provider} moved ${theirs} (${providerId}) for ${ourSide}, and our books hold ${ours}: another currency.`;
    case 'not_done_here':
      return `${provider} moved ${theirs} (${providerId}), and ${ourSide} is ${stage}: nothing stands in our books.`;
    case 'other_balance':
      return `${provider} shows a balance of ${theirs}; what was moved and what the trades made of it is ${ours}. ${offBy} is not explained.`;
    case 'account_missing':
      return `${provider} does not know this trading account any more; our books hold ${ours} on it.`;
  }
};
