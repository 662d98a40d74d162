import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { HUB_QUEUE } from '../domain/queues.ts';

/** What runs by the clock. Created once; a worker that starts later finds them there. */
export const ensureSchedules = async (client: Client, sweepEvery = '10s', ratesEvery = '10s'): Promise<void> => {
  await ensure(client, 'sweep', 'sweep', sweepEvery);
  // How often each source is asked is said with the source.
  await ensure(client, 'refresh-rates', 'refreshRates', ratesEvery);
};

const ensure = async (client: Client, scheduleId: string, workflowType: string, every: string): Promise<void> => {
  try {
    await client.schedule.create({
      scheduleId,
      spec: { intervals: [{ every: every as '10s' }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
      action: { type: 'startWorkflow', workflowType, workflowId: scheduleId, taskQueue: HUB_QUEUE },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
};
