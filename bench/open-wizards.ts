import type { Bench, Figure } from './figure.ts';
import { allAtOnce, oneByOne } from './load.ts';
import type { Stack } from './stack.ts';
import { begun, defineWizard, stepOverRest } from './wizard-runs.ts';

const FEW = 15;
const LANES = 16;
/** What a process has loaded by its first work is not what open runs cost. */
const WARM_UP = 50;
const PROCESSES = ['temporal', 'worker', 'api'] as const;

/** What `count` runs that wait for their clients cost, and what it takes to go on with one that was left longest ago, which no worker remembers. */
export const openWizardsBench = (count: number): Bench => ({
  name: 'open-wizards',
  setUp: async (stack) => {
    const origin = await stack.api();
    const wizard = await defineWizard(stack, 'Left open', []);
    for (const uuid of await open(origin, wizard, WARM_UP)) await stepOverRest(origin, uuid);
    const before = await memory(stack);
    const runs = await open(origin, wizard, count);
    const oldest = runs.values();
    const newest = runs.toReversed().values();
    const step = (from: Iterator<string>) => async () =>
      oneByOne(
        Array.from({ length: FEW }, () => next(from)),
        (uuid) => stepOverRest(origin, uuid),
      );
    const waiting: Figure = {
      name: `A step of ${count} open wizards, one at a time`,
      unit: 'ms, median of a round',
      ours: { name: 'the oldest', round: step(oldest) },
      references: [{ name: 'the newest', round: step(newest) }],
      targets: [],
      notes: async () => [`${await stillOpen(stack, wizard)} of them are open.`],
    };
    const held = PROCESSES.map((name): Figure => ({
      name: `Memory of ${name} with ${count} open wizards`,
      unit: 'MB resident',
      ours: { name: 'now', round: async () => (await memory(stack))[name] },
      references: [{ name: 'before', round: async () => before[name] }],
      targets: [],
    }));
    return [...held, waiting];
  },
});

const open = async (origin: string, wizard: string, count: number): Promise<string[]> => {
  const runs: string[] = [];
  await allAtOnce(Array.from({ length: count }), LANES, async () => void runs.push(await begun(origin, wizard)));
  return runs;
};

const next = (runs: Iterator<string>): string => {
  const { value, done } = runs.next();
  if (done) throw new Error('every run was taken');
  return value;
};

const memory = async (stack: Stack) => ({
  temporal: await stack.memoryOf('temporal'),
  worker: await stack.memoryOf('worker'),
  api: await stack.memoryOf('api'),
});

const stillOpen = async ({ pool }: Stack, wizard: string): Promise<number> =>
  (
    await pool.query<{ n: number }>(
      `select count(*)::int as n from wizard_run join wizard_definition d on d.id = definition_id where d.uuid = $1 and state = 'open'`,
      [wizard],
    )
  ).rows[0]!.n;
