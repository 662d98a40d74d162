import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type pg from 'pg';
import type { CancelWish } from '../../domain/cancelling.ts';
import type { Decision } from '../../domain/decisions.ts';
import { deadline } from '../../adapters/kit/deadline.ts';
import type { Provider } from '../../adapters/kit/manifest.ts';
import { HELD_UP } from '../../domain/held-up.ts';
import { FAILURES, HubFailure, isHubFailure, WrongFields } from '../../domain/failures.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Submission, WizardPlace, WizardWhereabouts } from '../../domain/wizards/machine.ts';
import type { OpenConnection } from './open-connection.ts';

/** What an activity works with. */
export interface Tools {
  pool: pg.Pool;
  provider: (id: string) => Provider;
  open: OpenConnection;
  /** Opens stored connection settings. */
  ring: KeyRing;
  /** Where the outside reaches this hub; providers are told to call below it. */
  publicUrl: string;
  /** Checks that the API made a decision for the user it names. */
  proves: (workflowId: string, decision: Decision) => boolean;
  /** The same for who wants a run cancelled. */
  provesCancel: (workflowId: string, wish: CancelWish) => boolean;
  unprovenDecisions: 'allow' | 'refuse';
  /** How long an unsigned callback that woke a run keeps others from it, milliseconds. */
  unsignedWakes: readonly number[];
  steer: Steer;
  /** The run that called, for the audit. */
  run: { workflowId: string; runId: string };
  signal: AbortSignal;
}

export type Startable =
  | 'deposit'
  | 'payout'
  | 'transfer'
  | 'openAccount'
  | 'accountChange'
  | 'clientChange'
  | 'message'
  | 'reconciliation'
  | 'difference';

/** What an activity may ask of Temporal: only what no workflow can do for itself. */
export interface Steer {
  startWaiting(what: { workflowId: string; type: Startable; id: number }): Promise<void>;
  /** Ids of runs that somebody terminated, or that failed for good, in the last days; also of those that were begun anew since. */
  endedRuns(types: readonly Startable[]): Promise<string[]>;
  /** Of the last run of this id. */
  isRunning(workflowId: string): Promise<boolean>;
  /** How the last run of this id stands. `failedAt`: when it failed for good; null: it did not. */
  standing(workflowId: string): Promise<{ running: boolean; failedAt: Date | null }>;
  news(what: {
    workflowId: string;
    type: 'deposit' | 'payout';
    transactionId: number;
    webhookId: string;
    said: string;
  }): Promise<'delivered' | 'over'>;
  arrivals(what: { reference: string; connectionId: number; webhookId: string; said: string }): Promise<void>;
  verification(what: { caseId: number; workflowId: string; webhookId: string; said: string }): Promise<void>;
  difference(what: { differenceId: number; said: string }): Promise<void>;
  /** A date of its calendar has come. */
  verificationDue(what: { caseId: number; workflowId: string }): Promise<void>;
  /** What `work` asks of runs is `Unavailable` after so many milliseconds: a run that cannot go on answers never. */
  within<T>(ms: number, work: () => Promise<T>): Promise<T>;
  submitStep(uuid: string, submission: Submission): Promise<WizardPlace>;
  whereIsWizard(uuid: string): Promise<WizardWhereabouts>;
  payoutReturn(what: { transactionId: number; connectionId: number; webhookId: string; said: string }): Promise<void>;
}

/** One verb, one file: what it is given, what it answers. */
export type Activity<In, Out> = (input: In, tools: Tools) => Promise<Out>;

export type Bound<T> = {
  [K in keyof T]: T[K] extends Activity<infer In, infer Out> ? (input: In) => Promise<Out> : never;
};

/** What PostgreSQL's numbers say to whoever is on call; those of the network are words. */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  ['40001', "two got in each other's way"],
  ['40P01', 'two waited for each other'],
  ['53300', 'too many connections'],
  ['55P03', 'locked by somebody else'],
  ['57014', 'a statement took too long: is something locked?'],
  ['57P01', 'the server or somebody ended the connection'],
  ['57P03', 'the server is starting or stopping'],
  ['25006', 'a standby that takes no writes'],
]);

/** The eight failure types, in Temporal's words. The only place where they are translated. */
const toTemporal = (error: unknown): unknown => {
  if (error instanceof WrongFields) {
    const [{ field, issue }] = error.fields as [{ field: string; issue: string }];
    return toTemporal(new HubFailure('InvalidInput', 'validation', issue, { field }));
  }
  if (isHubFailure(error)) {
    const { retry, expected } = FAILURES[error.type];
    const { providerCode: _ours, ...facts } = error.facts;
    return ApplicationFailure.create({
      type: error.type,
      message: error.message,
      nonRetryable: !retry,
      ...(facts.retryAfter === undefined ? {} : { nextRetryDelay: facts.retryAfter * 1_000 }),
      ...(expected ? { category: 'BENIGN' as const } : {}),
      details: [{ reason: error.reason, ...facts }],
    });
  }
  // A driver's message may quote a row: only its code travels.
  const code = (error as { code?: unknown }).code;
  // Data or statement refused (SQLSTATE 22, 23, 42): trying again changes nothing, a person must look.
  if (typeof code === 'string' && /^(22|23|42)[0-9A-Z]{3}$/.test(code)) {
    return ApplicationFailure.create({
      type: 'Config',
      message: `the database refused: ${code}`,
      nonRetryable: true,
      details: [{ reason: 'internal' }],
    });
  }
  if (typeof code === 'string') {
    const meaning = MEANINGS.get(code);
    return ApplicationFailure.create({
      type: 'Unavailable',
      message: `database or network: ${code}${meaning ? ` (${meaning})` : ''}`,
      details: [{ reason: 'unavailable' }],
    });
  }
  // A mistake in our own code does not get better by repeating it.
  if (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError ||
    (error as Error).name === 'ZodError'
  ) {
    return ApplicationFailure.create({
      type: 'Config',
      message: `a mistake in the program: ${(error as Error).name}`,
      nonRetryable: true,
      details: [{ reason: 'internal' }],
    });
  }
  return error;
};

/** A story that counts how long it has tried must not count how long it was kept from trying. */
const isNotSent = (answer: unknown): answer is object =>
  typeof answer === 'object' && answer !== null && (answer as { outcome?: unknown }).outcome === 'not_sent';

/** No attempt outlives this, even in a worker that lost touch with the server: below the workflow's `settleAfter`. */
const ATTEMPT_MS = 70_000;

/** How often a call to a provider says that its worker lives. */
const HEARTBEAT_MS = 1_000;

/**
 * Ends before its workflow task does: what is not done in this time, or failed and may be tried again, is `HELD_UP`, and the run does it as a step of its own.
 */
const glance = async (work: () => Promise<unknown>, ms: number): Promise<unknown> => {
  const working = work().catch((error: unknown) => {
    const failure = toTemporal(error);
    if (failure instanceof CancelledFailure || (failure instanceof ApplicationFailure && failure.nonRetryable))
      throw error;
    return HELD_UP;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((done) => (timer = setTimeout(done, ms, HELD_UP)));
  return Promise.race([working, late]).finally(() => clearTimeout(timer));
};

/** Gives every activity its tools, its heartbeat, and turns what it throws into what Temporal needs. */
export const bind = <T extends Record<string, Activity<never, unknown>>>(
  activities: T,
  lend: Omit<Tools, 'run' | 'signal'>,
): Bound<T> => {
  const bound = Object.entries(activities).map(([name, run]) => [
    name,
    async (input: never) => {
      const { info, cancellationSignal } = Context.current();
      const { workflowId, runId } = info.workflowExecution ?? { workflowId: '', runId: '' };
      const heart = info.heartbeatTimeoutMs
        ? setInterval(() => Context.current().heartbeat(), HEARTBEAT_MS)
        : undefined;
      const queuedMs = Math.max(0, Date.now() - info.currentAttemptScheduledTimestampMs);
      const end = deadline(ATTEMPT_MS, cancellationSignal);
      const work = (): Promise<unknown> => run(input, { ...lend, run: { workflowId, runId }, signal: end.signal });
      try {
        const answer = await (info.isLocal ? glance(work, info.startToCloseTimeoutMs / 2) : work());
        return isNotSent(answer) ? { ...answer, queuedMs } : answer;
      } catch (error) {
        throw toTemporal(error);
      } finally {
        clearInterval(heart);
        end.clear();
      }
    },
  ]);
  return Object.fromEntries(bound) as Bound<T>;
};
