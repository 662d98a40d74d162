import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleHandle,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
} from '@temporalio/client';
import { HUB_QUEUE } from '../domain/queues.ts';

interface Rhythm {
  /** Also the id of its runs, before Temporal's suffix. */
  name: string;
  workflow: 'reconcile' | 'refreshRates' | 'sweep';
  spec: ScheduleSpec;
  catchupWindow: '1m' | '1d';
}

/**
 * A run of some seconds that is there for so long is stuck, in a deploy it cannot be replayed after for one, and would keep all later ones from
 * starting. What it did not do the next one does.
 */
const RUN_TIMEOUT_MS = 10 * 60_000;

/** What runs by the clock. Created once; a worker that starts later finds them there, and gives those of an earlier release their time limit. */
export const ensureSchedules = async (client: Client, sweepEvery = '10s', ratesEvery = '10s'): Promise<void> => {
  await ensure(client, { name: 'sweep', workflow: 'sweep', spec: often(sweepEvery), catchupWindow: '1m' });
  // How often each source is asked is said with the source.
  await ensure(client, {
    name: 'refresh-rates',
    workflow: 'refreshRates',
    spec: often(ratesEvery),
    catchupWindow: '1m',
  });
  // The day before has ended (UTC) and what moved in its last minutes has settled; not all brokers ask their providers in one second.
  await ensure(client, {
    name: 'reconcile',
    workflow: 'reconcile',
    spec: { intervals: [{ every: '1d', offset: '75m' }], jitter: '15m' },
    catchupWindow: '1d',
  });
};

const often = (every: string): ScheduleSpec => ({ intervals: [{ every: every as '10s' }] });

const ensure = async (client: Client, { name, workflow, spec, catchupWindow }: Rhythm): Promise<void> => {
  try {
    await client.schedule.create({
      scheduleId: name,
      spec,
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow },
      action: {
        type: 'startWorkflow',
        workflowType: workflow,
        workflowId: name,
        taskQueue: HUB_QUEUE,
        workflowRunTimeout: RUN_TIMEOUT_MS,
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await limitRuns(client.schedule.getHandle(name));
  }
};

/** Leaves alone what an operator may have changed: the rhythm, a pause. */
const limitRuns = async (schedule: ScheduleHandle): Promise<void> => {
  const { action } = await schedule.describe();
  if (action.workflowRunTimeout === RUN_TIMEOUT_MS) return;
  await schedule.update(({ action, ...same }) => ({
    ...same,
    action: { ...action, workflowRunTimeout: RUN_TIMEOUT_MS },
  }));
};
