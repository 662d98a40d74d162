import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { Answer } from '../../domain/outcomes.ts';

/**
 * Turns what came of a money write into one of five words. Whatever we cannot read — an adapter's bug too — is `unknown`:
 * money may have moved.
 */
export const answerOf = async <T>(write: () => Promise<T>, judge: (report: T) => Answer<T>): Promise<Answer<T>> => {
  try {
    return judge(await write());
  } catch (error) {
    if (!isHubFailure(error)) return { outcome: 'unknown', message: 'the adapter failed after it may have sent' };
    const { reason, message } = error;
    switch (error.type) {
      case 'Rejected':
      case 'InvalidInput':
      case 'NotFound':
      case 'Unsupported':
        return { outcome: 'refused', reason, message };
      case 'RateLimited':
        return {
          outcome: 'not_sent',
          reason,
          message,
          ...(error.facts.retryAfter ? { retryAfter: error.facts.retryAfter } : {}),
        };
      case 'Unavailable':
      case 'Config':
        return { outcome: 'not_sent', reason, message };
      case 'OutcomeUnknown':
        return { outcome: 'unknown', message };
    }
  }
};

/** What was asked and what was answered must be about the same money; else nobody may book it. */
export const sameCurrency = (asked: number, answered: number): void => {
  if (asked !== answered)
    throw new HubFailure(
      'OutcomeUnknown',
      'currency_mismatch',
      `the provider answered in currency ${answered}, asked was ${asked}`,
    );
};
