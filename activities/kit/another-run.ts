import { HubFailure } from '../../domain/failures.ts';
import type { Tools } from './activity.ts';

/** Whether another run began it, as far as that was noted. */
export const isAnothers = (noted: string | null, { runId }: Tools['run']): boolean => noted !== null && noted !== runId;

/** As after a lost answer: it is looked for before it is sent. */
export const mayBeSent = (why: string): HubFailure => new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', why);
