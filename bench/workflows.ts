/** What a run of the same shape costs when nothing is done in it. Own bundle, own queues, the same worker process. */
import { allHandlersFinished, condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';
import { TIMINGS } from '../domain/timings.ts';
import { BARE_PROVIDER_QUEUE } from './queues.ts';

export interface BareActivities {
  nothing: () => Promise<void>;
}

/** The same options as the hub's activities have (workflows/kit/activities.ts). */
const own = (summary: string) =>
  proxyActivities<BareActivities>({
    summary,
    startToCloseTimeout: TIMINGS.ownStep,
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '20s' },
  });

const atProvider = (summary: string) =>
  proxyActivities<BareActivities>({
    summary,
    taskQueue: BARE_PROVIDER_QUEUE,
    startToCloseTimeout: '75s',
    heartbeatTimeout: TIMINGS.heartbeat,
    retry: { maximumAttempts: 1 },
  });

export const bareBegin = defineUpdate<{ stage: string }, []>('begin');
export const bareDecide = defineUpdate<{ decision: string }, [{ decision: string; withActivity: boolean }]>('decide');

/** Shaped like a deposit whose money has arrived: two activities, the opener's answer, one at the provider, one to book. */
export async function bareDeposit(): Promise<{ stage: string }> {
  let begun = false;
  setHandler(bareBegin, async () => {
    await condition(() => begun);
    return { stage: 'seen' };
  });
  await own('Reading the order').nothing();
  await own('Checking the account').nothing();
  begun = true;
  await atProvider('Asking about the payment').nothing();
  await own('Crediting the account').nothing();
  await condition(allHandlersFinished);
  return { stage: 'done' };
}

/** Waits for one decision and ends. */
export async function bareDecision(): Promise<void> {
  let decided = false;
  setHandler(bareDecide, async ({ decision, withActivity }) => {
    if (withActivity) await own('Recording').nothing();
    decided = true;
    return { decision };
  });
  await condition(() => decided && allHandlersFinished());
}
