import { randomUUID } from 'node:crypto';
import type { Bench, Figure, Way } from './figure.ts';
import { forSome, medianForSome, oneByOne } from './load.ts';
import { BARE_QUEUE } from './queues.ts';
import type { Stack } from './stack.ts';
import { defineWizard, opened, STEPS, stepOverRest } from './wizard-runs.ts';
import { bareStep, type bareSteps, type Kind } from './workflows.ts';

const FEW = 30;
const LANES = 8;
const MS = 3_000;

const bareRun = async ({ client }: Stack): Promise<string> => {
  const workflowId = `bare-steps:${randomUUID()}`;
  await client.workflow.start<typeof bareSteps>('bareSteps', { taskQueue: BARE_QUEUE, workflowId, args: [] });
  return workflowId;
};

const bareUpdate = async ({ client }: Stack, workflowId: string, activity: Kind | 'none'): Promise<void> => {
  const args: [{ activity: Kind | 'none' }] = [{ activity }];
  await client.workflow.getHandle(workflowId).executeUpdate(bareStep, { args, updateId: randomUUID() });
};

const bare = (stack: Stack, activity: Kind | 'none'): Way => ({
  name: activity === 'none' ? 'bare Update' : `bare Update, one empty ${activity} activity`,
  round: async () => {
    const run = await bareRun(stack);
    const time = await oneByOne(Array.from({ length: FEW }), () => bareUpdate(stack, run, activity));
    await stack.client.workflow.getHandle(run).terminate('measured');
    return time;
  },
});

/** A load of `LANES` at once, as `watch` sees it: each lane walks runs of its own, with a new one when the last is at its end. */
const load =
  (watch: typeof forSome, open: () => Promise<string>, step: (run: string) => Promise<void>) =>
  async (): Promise<number> => {
    const lanes = await Promise.all(Array.from({ length: LANES * 4 }, open));
    const at = lanes.map(() => 0);
    return watch(MS, LANES, async (lane) => {
      const mine = [0, 1, 2, 3].map((n) => lane * 4 + n).find((n) => at[n]! < STEPS - 1);
      if (mine === undefined) throw new Error('a lane has used up its runs');
      at[mine] = at[mine]! + 1;
      await step(lanes[mine]!);
    });
  };

const atOnce = (
  stack: Stack,
  origin: string,
  wizard: string,
  watch: typeof forSome,
): Pick<Figure, 'ours' | 'references'> => ({
  ours: {
    name: 'ours: POST /my/signup',
    round: load(
      watch,
      () => opened(origin, wizard),
      (uuid) => stepOverRest(origin, uuid),
    ),
  },
  references: [
    {
      name: 'bare Updates',
      round: load(
        watch,
        () => bareRun(stack),
        (run) => bareUpdate(stack, run, 'none'),
      ),
    },
  ],
});

export const wizardBench: Bench = {
  name: 'wizard',
  setUp: async (stack) => {
    const origin = await stack.api();
    const wizard = await defineWizard(stack, 'Bench');
    const update = bare(stack, 'none');
    // The load first: the API has then answered thousands of steps, as one that runs has, when they are timed one by one.
    return [
      {
        name: `Wizard steps, ${LANES} at once`,
        unit: 'steps/s',
        ...atOnce(stack, origin, wizard, forSome),
        targets: [{ against: 'bare Updates', atLeast: 0.75 }],
      },
      {
        name: `Wizard step, ${LANES} at once`,
        unit: 'ms, median of a round',
        ...atOnce(stack, origin, wizard, medianForSome),
        targets: [{ against: 'bare Updates', atMost: 1.5 }],
      },
      {
        name: 'Wizard step, one at a time',
        unit: 'ms, median of a round',
        ours: {
          name: 'ours: POST /my/signup',
          round: async () => {
            const uuid = await opened(origin, wizard);
            return oneByOne(Array.from({ length: FEW }), () => stepOverRest(origin, uuid));
          },
        },
        references: [update, bare(stack, 'local')],
        targets: [{ against: update.name, atMost: 1.5 }],
        notes: async () => [
          'A form of one field: read, kept sealed, taken by its run; then our books note where it is.',
        ],
      },
    ];
  },
};
