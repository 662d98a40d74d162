import { noteTakenOver, type Told } from '../../db/repositories/begun-by.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Tools } from './activity.ts';

/** Whether another run began it, as far as that was noted. */
export const isAnothers = (noted: string | null, { runId }: Tools['run']): boolean => noted !== null && noted !== runId;

/** As after a lost answer: it is looked for before it is sent. */
export const mayBeSent = (why: string): HubFailure => new HubFailure('OutcomeUnknown', 'provider_outcome_unknown', why);

/**
 * Before something is made at a provider: what another run began (ended, or cut off by a reset, from outside) is this one's from now on. Throws `OutcomeUnknown`
 * then, so that it is looked for first.
 */
export const takeOverFromAnother = async (
  { pool, run }: Pick<Tools, 'pool' | 'run'>,
  what: Told,
  { id, runId }: { id: number; runId: string | null },
): Promise<void> => {
  if (!isAnothers(runId, run)) return;
  await noteTakenOver(pool, what, id, run.runId);
  throw mayBeSent('another run of this may have sent it');
};
