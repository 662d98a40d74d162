import { ApplicationFailure } from '@temporalio/common';
import { ActivityFailure } from '@temporalio/workflow';
import type { CancelledBy } from '../../domain/cancelling.ts';
import type { FailureType, RefusalFacts } from '../../domain/failures.ts';
import type { Stage } from '../../domain/stages.ts';

/** The story ends before `done`. Caught by the run, which gives back what was taken and closes the transaction. */
export class Stopped extends Error {
  readonly stage: Stage;
  readonly reason: string;
  readonly issue: string;
  readonly resolutionId: number | null;
  readonly cancelledBy: CancelledBy | null;

  constructor(
    stage: Stage,
    reason: string,
    issue: string,
    resolutionId: number | null = null,
    cancelledBy: CancelledBy | null = null,
  ) {
    super(issue);
    this.stage = stage;
    this.reason = reason;
    this.issue = issue;
    this.resolutionId = resolutionId;
    this.cancelledBy = cancelledBy;
  }
}

/** Another run of this order may have sent it: nothing may be given back or closed until that is found out. */
export const ANOTHER_RUN = 'another_run';

/** The hub's failure inside an activity's failure, when there is one. */
export const hubFailureOf = (
  error: unknown,
): { type: FailureType; reason: string; message: string; facts: RefusalFacts } | null => {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure) || !cause.type) return null;
  const { reason = 'internal', ...facts } = (cause.details?.[0] ?? {}) as { reason?: string } & RefusalFacts;
  return { type: cause.type as FailureType, reason, message: cause.message, facts };
};

/** A no to whoever sent an Update. Expected: it does not count as an error. */
export const refusal = (
  type: FailureType,
  reason: string,
  message: string,
  facts: RefusalFacts = {},
): ApplicationFailure =>
  ApplicationFailure.create({ type, message, nonRetryable: true, category: 'BENIGN', details: [{ reason, ...facts }] });
