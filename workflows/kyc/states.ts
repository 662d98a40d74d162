import type { CaseState } from '../../domain/kyc.ts';

/** It is the client's turn. */
export const isClients = (state: CaseState): boolean => state === 'open' || state === 'retry';

/** Nobody is awaited. */
export const ENDS: readonly CaseState[] = ['approved', 'rejected', 'expired', 'withdrawn'];

/** What a state means, for whoever reads the run. */
export const MEANS: Record<CaseState, string> = {
  open: 'The client is awaited.',
  checking: 'It is being checked.',
  on_hold: 'A person at the provider looks.',
  retry: 'The client is asked for better documents.',
  approved: 'The client has the level.',
  rejected: 'The client does not get the level.',
  expired: 'The client may begin anew.',
  withdrawn: 'The level was taken back; the client may begin anew.',
};
