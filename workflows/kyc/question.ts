import type { CaseFacts } from '../../activities/kyc/prepare-case.ts';
import type { Settled } from '../../activities/kyc/settle-case.ts';

/** What a verification's run asks the operators, and what their words make of the case. */
export interface Question {
  purpose: 'approval' | 'review';
  why: string;
  yes: Settled;
  no: Settled;
}

/** What the provider makes of what was decided before. `contested`: it takes an approval back. `overturned`: it approves after all whom a person has refused. */
export interface SecondThoughts {
  contested: boolean;
  overturned: boolean;
}

/** `hasEnded`: what was approved has ended, and the level says that a person decides. */
export const questionFor = (
  facts: CaseFacts,
  { contested, overturned }: SecondThoughts,
  hasEnded: boolean,
): Question | null => {
  const { state, connectionId, provider, settled, hasLevel } = facts;
  if (contested && !settled) {
    const why = `${provider} takes its approval back: approve to take the level back, reject to leave it`;
    return { purpose: 'approval', why, yes: 'withdrawn', no: 'left' };
  }
  if (overturned) {
    const why = `${provider} approves this client after all: approve to give the level, reject to leave it as it was decided`;
    return { purpose: 'review', why, yes: 'heard', no: 'left' };
  }
  if (state === 'checking' && connectionId === null) {
    return { purpose: 'approval', why: 'the documents of the client are to be checked', yes: 'approved', no: 'retry' };
  }
  if (state === 'rejected' && !settled) {
    const refuses = `${provider} refuses this client for good`;
    if (!hasLevel)
      return {
        purpose: 'review',
        why: `${refuses}: approve to give the level nevertheless`,
        yes: 'approved',
        no: 'rejected',
      };
    const why = `${refuses}, who has the level: approve to take it back, reject to leave it`;
    return { purpose: 'approval', why, yes: 'withdrawn', no: 'left' };
  }
  if (hasEnded) {
    const why = 'what proved the level has ended: approve to take the level back, reject to leave it without an end';
    return { purpose: 'approval', why, yes: 'expired', no: 'unending' };
  }
  return null;
};
