import { parseArgs } from 'node:util';
import { campaign } from './campaign.ts';
import { FAULT_KINDS, type FaultKind } from './scenario.ts';
import { flood, killFifty } from './shows.ts';
import { wizardCampaign } from './wizards/campaign.ts';
import { type Storm, STORMS } from './wizards/storm.ts';
import { open } from './world.ts';

/**
 * `npm run faults -- --seed N --runs M [--only kind] [--verbose]`: a campaign. `--run I` repeats one run of it,
 * `--from I` goes on with it.
 * `--wizards`: clients walk procedures instead of moving money. `--kill-50` and `--flood`: the two set pieces.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '20' },
    from: { type: 'string', default: '0' },
    run: { type: 'string' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    'kill-50': { type: 'boolean', default: false },
    flood: { type: 'boolean', default: false },
    wizards: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const number = (name: 'seed' | 'runs' | 'from' | 'run'): number | undefined => {
  const text = values[name];
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  say(`--${name} must be a whole number, but is ${JSON.stringify(text)}.`);
  process.exit(2);
};

const kinds: readonly string[] = values.wizards ? STORMS : FAULT_KINDS;
if (values.only !== undefined && !kinds.includes(values.only)) {
  say(`--only must be one of ${kinds.join(', ')}.`);
  process.exit(2);
}

const plan = {
  seed: number('seed')!,
  runs: number('runs')!,
  from: number('from')!,
  ...(values.run === undefined ? {} : { run: number('run')! }),
};
const only = <K extends string>() => (values.only === undefined ? {} : { only: values.only as K });
const { world, close } = await open(say);
let clean = false;
try {
  if (values['kill-50']) clean = await killFifty(world, say);
  else if (values.flood) clean = await flood(world, say);
  else if (values.wizards) clean = await wizardCampaign(world, { ...plan, ...only<Storm>() }, say);
  else clean = await campaign(world, { ...plan, ...only<FaultKind>(), verbose: values.verbose }, say);
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  await close(!clean);
}
process.exit(clean ? 0 : 1);
