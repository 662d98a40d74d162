/** How far a deposit, payout or transfer is, in our words, and what B2Core calls that. One table, the only mapping. */
export const STAGES = {
  created: 'new',
  // deposits
  awaiting_payer: 'inProgress',
  seen: 'inProgress',
  processing: 'inProgress',
  // payouts and transfers
  held: 'hold',
  hold_refused: 'holdFailed',
  awaiting_client: 'hold',
  submitting: 'inProgress',
  submitted: 'inProgress',
  returned: 'refund',
  // both
  awaiting_approval: 'pending',
  review: 'partial',
  assistance: 'assistance',
  done: 'done',
  failed: 'failed',
  rejected: 'rejected',
  cancelled: 'cancelled',
  expired: 'cancelled',
} as const;

export type Stage = keyof typeof STAGES;
export type PublicStatus = (typeof STAGES)[Stage];

/** Stages a transaction never leaves, except `done` → `returned` when a payout comes back or a deposit is taken back. */
export const FINAL_STAGES: readonly Stage[] = [
  'hold_refused',
  'returned',
  'done',
  'failed',
  'rejected',
  'cancelled',
  'expired',
];

export const isFinal = (stage: Stage): boolean => FINAL_STAGES.includes(stage);

/** What did not move in the end does not count. */
export const NOT_MOVED: readonly Stage[] = FINAL_STAGES.filter((stage) => stage !== 'done');
