import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { Arrivals, runDeposit } from './arrivals.ts';
import type { Bench, Figure } from './figure.ts';
import { payoutEvents } from './history.ts';
import { allAtOnce, oneByOne } from './load.ts';
import { BARE_QUEUE } from './queues.ts';
import type { Stack } from './stack.ts';
import { bareBegin, type bareDeposit, type Kind } from './workflows.ts';

const AT_ONCE = 30;
const MANY = 90;
const FEW = 15;

const runBare = async ({ client }: Stack, workflowId: string, looks: Kind): Promise<void> => {
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof bareDeposit>('bareDeposit', {
    taskQueue: BARE_QUEUE,
    workflowId,
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [looks],
    staticSummary: workflowId,
  });
  await client.workflow.executeUpdateWithStart(bareBegin, { startWorkflowOperation, updateId: 'begin' });
  await client.workflow.getHandle(workflowId).result();
};

const names = (count: number): string[] => Array.from({ length: count }, () => `bare-deposit:${randomUUID()}`);

export const depositBench: Bench = {
  name: 'deposit',
  setUp: async (stack) => {
    await stack.worker();
    const arrivals = await Arrivals.of(stack);
    const ours = 'ours: deposit workflow';
    // The hub makes its looks as local activities, so the first reference is the like one; the second is what they cost otherwise.
    const like = 'empty workflow, 2 local + 2 regular';
    const regular = 'empty workflow, 4 regular activities';
    const kinds: readonly (readonly [string, Kind])[] = [
      [like, 'local'],
      [regular, 'regular'],
    ];

    const throughput: Figure = {
      name: `Deposit start → done, ${AT_ONCE} at once`,
      unit: 'deposits/s',
      ours: {
        name: ours,
        round: async () => {
          const made = await arrivals.make(MANY);
          const rate = await allAtOnce(made, AT_ONCE, (one) => runDeposit(stack, one));
          await arrivals.assertCredited(made);
          return rate;
        },
      },
      references: kinds.map(([name, kind]) => ({
        name,
        round: () => allAtOnce(names(MANY), AT_ONCE, (id) => runBare(stack, id, kind)),
      })),
      targets: kinds.map(([against]) => ({ against, atLeast: 0.85 })),
    };

    let lastOurs = '';
    const lastBare = new Map<Kind, string>();
    const latency: Figure = {
      name: 'Deposit start → done, one at a time',
      unit: 'ms, median of a round',
      ours: {
        name: ours,
        round: async () => {
          const made = await arrivals.make(FEW);
          lastOurs = `deposit:${made.at(-1)!.transactionId}`;
          const time = await oneByOne(made, (one) => runDeposit(stack, one));
          await arrivals.assertCredited(made);
          return time;
        },
      },
      references: kinds.map(([name, kind]) => ({
        name,
        round: () => {
          const ids = names(FEW);
          lastBare.set(kind, ids.at(-1)!);
          return oneByOne(ids, (id) => runBare(stack, id, kind));
        },
      })),
      // 0.85 of the reference's speed.
      targets: kinds.map(([against]) => ({ against, atMost: 1.18 })),
      notes: async () => {
        const events = async (workflowId: string) =>
          (await stack.client.workflow.getHandle(workflowId).describe()).historyLength;
        const [local, all] = [await events(lastBare.get('local')!), await events(lastBare.get('regular')!)];
        return [
          `History events: deposit ${await events(lastOurs)}, empty workflow ${local}, with regular activities only ${all}`,
          ...(await payoutEvents(stack)),
          'The deposit also asks the provider over HTTP (sandbox in the client process); its limit per second is lifted.',
        ];
      },
    };
    return [throughput, latency];
  },
};
