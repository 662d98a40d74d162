import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy, type ScheduleSpec } from '@temporalio/client';
import { HUB_QUEUE } from '../domain/queues.ts';

interface Rhythm {
  /** Also the name of the workflow and, before Temporal's suffix, of its runs. */
  name: 'reconcile' | 'sweep';
  spec: ScheduleSpec;
  catchupWindow: '1m' | '1d';
}

/** What runs by the clock. Created once; a worker that starts later finds them there. */
export const ensureSchedules = async (client: Client, sweepEvery = '10s'): Promise<void> => {
  await ensure(client, {
    name: 'sweep',
    spec: { intervals: [{ every: sweepEvery as '10s' }] },
    catchupWindow: '1m',
  });
  // The day before has ended (UTC) and what moved in its last minutes has settled; not all brokers ask their providers in one second.
  await ensure(client, {
    name: 'reconcile',
    spec: { intervals: [{ every: '1d', offset: '75m' }], jitter: '15m' },
    catchupWindow: '1d',
  });
};

const ensure = async (client: Client, { name, spec, catchupWindow }: Rhythm): Promise<void> => {
  try {
    await client.schedule.create({
      scheduleId: name,
      spec,
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow },
      action: { type: 'startWorkflow', workflowType: name, workflowId: name, taskQueue: HUB_QUEUE },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
};
