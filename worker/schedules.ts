import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy, type ScheduleSpec } from '@temporalio/client';
import { HUB_QUEUE } from '../domain/queues.ts';

interface Rhythm {
  /** Also the id of its runs, before Temporal's suffix. */
  name: string;
  workflow: 'reconcile' | 'refreshRates' | 'sweep';
  spec: ScheduleSpec;
  catchupWindow: '1m' | '1d';
}

/** What runs by the clock. Created once; a worker that starts later finds them there. */
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
      action: { type: 'startWorkflow', workflowType: workflow, workflowId: name, taskQueue: HUB_QUEUE },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
};
