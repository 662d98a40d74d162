import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { FAILURES, type FailureFacts, type FailureType, HubFailure } from '../domain/failures.ts';
import { HUB_QUEUE } from '../domain/queues.ts';
import type { Reason } from '../domain/reasons.ts';
import { TIMINGS, type Timings } from '../domain/timings.ts';

/** Start, or find running; a run that is over is never started again: money moves once. */
export const ONCE = {
  taskQueue: HUB_QUEUE,
  workflowIdReusePolicy: 'REJECT_DUPLICATE',
  workflowIdConflictPolicy: 'USE_EXISTING',
} as const;
/** Start, or find running; where rows tell a run that there is nothing more to do, a second one is harmless. */
export const AGAIN = {
  taskQueue: HUB_QUEUE,
  workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  workflowIdConflictPolicy: 'USE_EXISTING',
} as const;

/** Start, find running, or begin anew what was ended from outside, which asks its provider what was done; a run that came to its end is not started again. */
export const TO_ITS_END = {
  taskQueue: HUB_QUEUE,
  workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
  workflowIdConflictPolicy: 'USE_EXISTING',
} as const;

/** Start anew what was ended from outside; one that runs, or came to its end, is left alone. */
export const ONCE_MORE = {
  taskQueue: HUB_QUEUE,
  workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
  workflowIdConflictPolicy: 'FAIL',
} as const;

/** How runs are started and reached, whoever asks. */
export class Runs {
  protected readonly client: Client;
  private readonly timings: Partial<Timings> | undefined;

  /** `timings` shortens the waits of every run started here (tests, demo). */
  constructor(client: Client, timings?: Partial<Timings>) {
    this.client = client;
    this.timings = timings;
  }

  /** How a run is started. `input`: what it is told besides its waits; `summary`: what operators read in Temporal UI. */
  protected start<In extends object>(
    how: typeof ONCE | typeof AGAIN | typeof TO_ITS_END | typeof ONCE_MORE,
    workflowId: string,
    input: In,
    summary: string,
  ) {
    const { timings } = this;
    return {
      ...how,
      // How long a worker may be silent about it.
      workflowTaskTimeout: timings?.stickyTask ?? TIMINGS.stickyTask,
      workflowId,
      args: [{ ...input, ...(timings && { timings }) }] as [In & { timings?: Partial<Timings> }],
      staticSummary: summary,
    };
  }

  /** False when a run of this id is over already. */
  protected async ignoreTwins(start: () => Promise<unknown>): Promise<boolean> {
    try {
      await start();
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
  }

  /**
   * Calls Temporal and turns what it throws into our failures. `call` may be made more than once, so its Update has an id: the one it is given, unless it has one
   * of its own. `over` answers for a run that ended before.
   */
  protected async reach<T>(call: (updateId: string) => Promise<T>, over?: () => Promise<T>): Promise<T> {
    const updateId = randomUUID();
    try {
      return await askedAgain(() => call(updateId));
    } catch (error) {
      if (over && error instanceof WorkflowExecutionAlreadyStartedError) return this.reach(over);
      throw failureOf(error);
    }
  }

  /**
   * The same for whoever begins a run that has a row: the row stands, so a run that was ended from outside before it answered has refused nothing. Throws
   * `Unavailable`, as when nobody was there.
   */
  protected begins<T>(call: () => Promise<T>, over: () => Promise<T>): Promise<T> {
    return this.reach(
      () => call().catch(standing),
      () => over().catch(standing),
    );
  }
}

/** gRPC's FAILED_PRECONDITION. */
const NOT_READY = 9;
/** While a run ends Temporal takes nothing (it is "busy"), and the client would wait more than a second before it tried anew. */
const PAUSES_MS = [200, 400, 800];

/**
 * A signal that comes while a run ends makes Temporal do the last task anew, and turn away whoever waits for its answer (WorkflowNotReady) although the run
 * may have taken what he sent. Asked again under the same id it answers as it would have.
 */
const askedAgain = async <T>(call: () => Promise<T>, [pause, ...later] = PAUSES_MS): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    if (pause === undefined || codeOf(error) !== NOT_READY) throw error;
    await sleep(pause);
    return askedAgain(call, later);
  }
};

const codeOf = (error: unknown): number | null => {
  const said = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(said) ? said.code : null;
};

/** How the server answers for a run that is over with an Update it had taken. */
const ENDED_UNANSWERED = 'AcceptedUpdateCompletedWorkflow';

const causeOf = (error: WorkflowUpdateFailedError) => {
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  return { cause, type: cause instanceof ApplicationFailure ? cause.type : null };
};

/** Ended before it had taken the question, or before it answered. */
const isUnanswered = (error: unknown): boolean =>
  error instanceof WorkflowNotFoundError ||
  (error instanceof WorkflowUpdateFailedError && causeOf(error).type === ENDED_UNANSWERED);

const standing = (error: unknown): never => {
  if (isUnanswered(error))
    throw unavailable('The run was ended from outside before it could answer; what was ordered stands.');
  throw error;
};

const failureOf = (error: unknown): unknown => {
  if (error instanceof WorkflowNotFoundError)
    return new HubFailure('Rejected', 'not_waiting', 'The run is over or does not exist.');
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause, type } = causeOf(error);
    if (cause instanceof ApplicationFailure && type && type in FAILURES) {
      const { reason = 'internal', ...facts } = (cause.details?.[0] ?? {}) as { reason?: Reason } & FailureFacts;
      return new HubFailure(type as FailureType, reason, cause.message, facts);
    }
    if (type === ENDED_UNANSWERED)
      return new HubFailure('Rejected', 'not_waiting', 'The run ended before it could answer.');
    // It was taken and may have been acted upon: neither a yes nor a no.
    return new HubFailure(
      'OutcomeUnknown',
      'unavailable',
      'The run took it and did not say what came of it: look again.',
    );
  }
  if ((error as Error).name === 'WorkflowUpdateRPCTimeoutOrCancelledError')
    return unavailable('The run has not answered in time: the workers are busy, or away.');
  if (isGrpcServiceError(error)) return temporalAway();
  return error;
};

export const temporalAway = (): HubFailure => unavailable('Temporal cannot be reached, or has too much to do.');

/** All of it is safe to repeat with the same key. */
const unavailable = (why: string): HubFailure =>
  new HubFailure('Unavailable', 'unavailable', `${why} Repeat with the same Idempotency-Key.`, { retryAfter: 5 });
