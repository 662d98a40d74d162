import { ActivityFailure, TimeoutFailure } from '@temporalio/common';
import type { Answer } from '../../domain/outcomes.ts';
import { hubFailureOf } from './stopped.ts';

/** No worker took it up in time: nothing was begun. */
export const NEVER_BEGUN = 'nobody took it up in time';

/** A write to a provider whose answer may get lost on the way to us: always one of the five words. */
export const attempted = async <T>(write: Promise<Answer<T>>): Promise<Answer<T>> => {
  try {
    return await write;
  } catch (error) {
    const failure = hubFailureOf(error);
    if (failure) return { outcome: 'not_sent', reason: failure.reason, message: failure.message };
    const cause = error instanceof ActivityFailure ? error.cause : error;
    if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START')
      return { outcome: 'not_sent', reason: 'provider_unavailable', message: NEVER_BEGUN };
    return { outcome: 'unknown', message: 'the answer was lost' };
  }
};
