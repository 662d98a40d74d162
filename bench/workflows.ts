/** What a run of the same shape costs when nothing is done in it. Own bundle, own queues, the same worker process. */
import {
  allHandlersFinished,
  condition,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import { TIMINGS } from '../domain/timings.ts';
import { BARE_PROVIDER_QUEUE } from './queues.ts';

export interface BareActivities {
  nothing: () => Promise<void>;
}

/** `local`: inside the workflow task; `regular`: scheduled by the server. */
export type Kind = 'local' | 'regular';

/** The same options as the hub's activities have (workflows/kit/activities.ts). */
const own = (summary: string, kind: Kind): BareActivities => {
  const options = {
    summary,
    startToCloseTimeout: TIMINGS.ownStep,
    retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '20s' },
  } as const;
  return kind === 'local' ? proxyLocalActivities<BareActivities>(options) : proxyActivities<BareActivities>(options);
};

const atProvider = (summary: string) =>
  proxyActivities<BareActivities>({
    summary,
    taskQueue: BARE_PROVIDER_QUEUE,
    startToCloseTimeout: '75s',
    heartbeatTimeout: TIMINGS.heartbeat,
    retry: { maximumAttempts: 1 },
  });

export const bareBegin = defineUpdate<{ stage: string }, []>('begin');
export const bareDecide = defineUpdate<{ decision: string }, [{ decision: string; activity: Kind | 'none' }]>('decide');

/**
 * Shaped like a deposit whose money has arrived: two looks at our own books, the opener's answer, one call to the provider, one
 * booking. `looks`: what the looks are made as; the other two are always regular activities, as in the hub.
 */
export async function bareDeposit(looks: Kind): Promise<{ stage: string }> {
  let begun = false;
  setHandler(bareBegin, async () => {
    await condition(() => begun);
    return { stage: 'seen' };
  });
  await own('Reading the order', looks).nothing();
  await own('Checking the account', looks).nothing();
  begun = true;
  await atProvider('Asking about the payment').nothing();
  await own('Crediting the account', 'regular').nothing();
  await condition(allHandlersFinished);
  return { stage: 'done' };
}

/** Waits for one decision and ends. */
export async function bareDecision(): Promise<void> {
  let decided = false;
  setHandler(bareDecide, async ({ decision, activity }) => {
    if (activity !== 'none') await own('Recording', activity).nothing();
    decided = true;
    return { decision };
  });
  await condition(() => decided && allHandlersFinished());
}

export const bareStep = defineUpdate<{ step: number }, [{ activity: Kind | 'none' }]>('step');

/** Takes steps for as long as it is sent any. */
export async function bareSteps(): Promise<void> {
  let step = 0;
  setHandler(bareStep, async ({ activity }) => {
    if (activity !== 'none') await own('Noting', activity).nothing();
    step += 1;
    return { step };
  });
  await condition(() => false);
}
