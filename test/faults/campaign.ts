import { FAULT_KINDS, type FaultKind, type Scenario } from './scenario.ts';
import { scenarioOf } from './generator.ts';
import { type Outcome, perform, type World } from './run.ts';
import { VENUES } from './venues.ts';

export interface Plan {
  seed: number;
  runs: number;
  /** Leaves out the runs before. */
  from: number;
  /** Only this one, as the campaign would do it. */
  run?: number;
  only?: FaultKind;
  verbose: boolean;
}

interface Tally {
  runs: number;
  breaches: number;
  ms: number;
}

/** Runs the plan until its end or the first breach. True when there was none. */
export const campaign = async (world: World, plan: Plan, say: (line: string) => void): Promise<boolean> => {
  const tallies = new Map<FaultKind, Tally>();
  const total = { stories: 0, transactions: 0, kills: 0, duplicates: 0, runs: 0 };
  const began = Date.now();
  const runs = plan.run === undefined ? Array.from({ length: plan.runs }, (_, n) => n).slice(plan.from) : [plan.run];
  const told = new Map<string, number>(VENUES.map(({ name }) => [name, 0]));
  let clean = true;
  for (const run of runs) {
    const scenario = scenarioOf(plan.seed, run, plan.only);
    if (plan.verbose) say(JSON.stringify(scenario));
    const outcome = await perform(world, scenario);
    const tally = tallies.get(scenario.kind) ?? { runs: 0, breaches: 0, ms: 0 };
    tally.runs += 1;
    tally.breaches += outcome.breaches.length;
    tally.ms += outcome.ms;
    tallies.set(scenario.kind, tally);
    total.runs += 1;
    for (const { venue } of scenario.stories) if (venue !== null) told.set(venue, told.get(venue)! + 1);
    total.stories += scenario.stories.length;
    total.transactions += outcome.stages.length;
    total.kills += outcome.kills;
    total.duplicates += outcome.duplicates;
    say(lineOf(scenario, outcome, plan.runs));
    if (plan.verbose) for (const line of details(outcome)) say(`    ${line}`);
    if (outcome.breaches.length > 0) {
      clean = false;
      explain(plan, scenario, outcome, say);
      break;
    }
  }
  table(tallies, say);
  say('');
  say(`stories of each connection: ${[...told].map(([venue, stories]) => `${venue} ${stories}`).join(', ')}`);
  const seconds = (Date.now() - began) / 1_000;
  say(
    `${total.runs} runs in ${seconds.toFixed(0)} s (${(seconds / total.runs).toFixed(1)} s each): ${total.stories} stories, ${total.transactions} transactions, ` +
      `${total.kills} kills, ${total.duplicates} duplicate callbacks absorbed, ${clean ? 'no breach' : 'STOPPED AT A BREACH'}.`,
  );
  const { worker, api } = world.stack;
  if (worker.deaths + api.deaths > 0)
    say(`Ended by itself and was started again: worker ${worker.deaths} times, API ${api.deaths} times.`);
  return clean;
};

const lineOf = ({ run, kind, stories }: Scenario, { stages, kills, ms, breaches }: Outcome, of: number): string => {
  const ends = stages.map((line) => line.split(' ').at(-1)).join(', ');
  const what = stories.map((story) => `${story.kind} ${story.venue ?? ''} ${story.amount}`).join(', ');
  return `${String(run).padStart(4)}/${of} ${kind.padEnd(22)} ${(ms / 1_000).toFixed(1).padStart(5)} s  ${breaches.length === 0 ? 'ok    ' : 'BREACH'} ${kills > 0 ? `${kills} killed  ` : ''}${what} → ${ends}`;
};

const details = ({ tellings, stages, parts }: Outcome): string[] => [
  parts,
  ...stages,
  ...tellings.flatMap(({ story, orders, decisions }) => [
    `${story.name}: answered ${orders.map(({ answers }) => answers.map(({ status }) => status).join('/')).join(' ')}`,
    ...decisions.map((line) => `${story.name}: ${line}`),
  ]),
];

const explain = (plan: Plan, scenario: Scenario, outcome: Outcome, say: (line: string) => void): void => {
  say('');
  say(`BREACH in run ${scenario.run} of seed ${scenario.seed} (${scenario.kind})`);
  for (const { invariant, detail } of outcome.breaches) say(`  ${invariant}: ${detail}`);
  say('What happened:');
  for (const line of details(outcome)) say(`  ${line}`);
  say('Scenario:');
  say(JSON.stringify(scenario, null, 2));
  say(
    `Repeat it: npm run faults -- --seed ${plan.seed} --run ${scenario.run}${plan.only ? ` --only ${plan.only}` : ''} --verbose`,
  );
  say('');
};

const table = (tallies: ReadonlyMap<FaultKind, Tally>, say: (line: string) => void): void => {
  say('');
  say(`${'kind'.padEnd(24)} ${'runs'.padStart(5)} ${'breaches'.padStart(9)} ${'s each'.padStart(7)}`);
  for (const kind of FAULT_KINDS) {
    const tally = tallies.get(kind);
    if (tally)
      say(
        `${kind.padEnd(24)} ${String(tally.runs).padStart(5)} ${String(tally.breaches).padStart(9)} ${(tally.ms / tally.runs / 1_000).toFixed(1).padStart(7)}`,
      );
  }
};
