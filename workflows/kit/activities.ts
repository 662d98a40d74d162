import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { InternalActivities, ProviderActivities } from '../../activities/index.ts';
import { isHeldUp } from '../../domain/held-up.ts';
import { connectionQueue } from '../../domain/queues.ts';
import { TIMINGS, type Timings } from '../../domain/timings.ts';

type Patience = Pick<Timings, 'ownStep' | 'heartbeat' | 'stickyTask'>;

/** Runs share their modules (docs/decisions/0087-runs-share-their-modules.md); globals are each run's own. */
const ofThisRun = globalThis as { hubPatience?: Patience };

const patience = (): Patience => ofThisRun.hubPatience ?? TIMINGS;

/** Called first thing by a run whose input shortens the waits. */
export const setPatience = (timings: Timings): void => {
  ofThisRun.hubPatience = timings;
};

/** Quick looks and notes on our own books: done inside the workflow task, without a round trip through the server. */
const GLANCES: ReadonlySet<string> = new Set<keyof InternalActivities>([
  'approvalsFor',
  'assertMayDeposit',
  'assertMayTransfer',
  'assertMayWithdraw',
  'assertStillMayWithdraw',
  'endWizard',
  'enterStep',
  'judgeCancel',
  'noteDepositOpened',
  'noteMessage',
  'notePayoutPrepared',
  'notePayoutSubmitted',
  'noteBegun',
  'noteSending',
  'openCaseRequest',
  'openDifferenceRequest',
  'openRequest',
  'planMessage',
  'prepareAccount',
  'prepareAccountChange',
  'prepareAddress',
  'prepareCase',
  'prepareDifference',
  'prepareOrder',
]);

/**
 * Our own database work. Idempotent by operation key, so it is tried again for as long as it takes: money does not give up
 * because PostgreSQL is being restarted. `summary` is what an operator reads in Temporal UI. What posts to the ledger is an
 * activity of its own, seen and retried by the server, that a worker which dies holds up no longer than its heartbeat; a glance is a local one
 * (docs/decisions/0013-glances-are-local.md), and becomes such a step where the books keep it waiting.
 */
export const internal = (summary: string): InternalActivities => {
  const { ownStep, heartbeat, stickyTask } = patience();
  const options = {
    summary,
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '20s' },
  } as const;
  const steps = proxyActivities<InternalActivities>({
    ...options,
    startToCloseTimeout: ownStep,
    heartbeatTimeout: heartbeat,
  });
  const glances = proxyLocalActivities<InternalActivities>({ ...options, startToCloseTimeout: stickyTask });
  return new Proxy(steps, {
    get: (_, name: keyof InternalActivities) =>
      GLANCES.has(name) ? glanceOr(glances[name] as OwnWork, steps[name] as OwnWork) : steps[name],
  });
};

type OwnWork = (input: never) => Promise<unknown>;

const glanceOr =
  (glance: OwnWork, step: OwnWork): OwnWork =>
  (input) =>
    glance(input).then((answer) => (isHeldUp(answer) ? step(input) : answer));

/**
 * Calls to a provider, on its own queue. Never retried by the platform: the story decides what a lost answer means.
 * An honest attempt makes a few HTTP calls of at most 15 s each, or one talk of at most 60 s over a socket; a worker that dies is noticed by its missing heartbeat.
 * `within`: what no worker took up in this time is never begun. `priorityKey`: 1 (first) to 5, where many wait in the queue; 3 without it.
 */
export const atProvider = (connectionId: number, summary: string, within?: number, priorityKey?: number) =>
  proxyActivities<ProviderActivities>({
    summary,
    ...(within !== undefined && { scheduleToStartTimeout: within }),
    ...(priorityKey !== undefined && { priority: { priorityKey } }),
    taskQueue: connectionQueue(connectionId),
    startToCloseTimeout: '75s',
    heartbeatTimeout: patience().heartbeat,
    retry: { maximumAttempts: 1 },
  });
