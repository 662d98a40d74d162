import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { HUB_QUEUE } from '../domain/queues.ts';

/** What runs by the clock. Created once; a worker that starts later finds them there. */
export const ensureSchedules = async (client: Client, sweepEvery = '10s'): Promise<void> => {
  try {
    await client.schedule.create({
      scheduleId: 'sweep',
      spec: { intervals: [{ every: sweepEvery as '10s' }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
      action: { type: 'startWorkflow', workflowType: 'sweep', workflowId: 'sweep', taskQueue: HUB_QUEUE },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
};
