import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE } from '../cli/embedded/find-program.ts';
import { apiBench } from './api.ts';
import { clientSignInBench } from './client-sign-in.ts';
import { decisionBench } from './decision.ts';
import { depositBench } from './deposit.ts';
import type { Bench, Measured } from './figure.ts';
import { measure } from './figure.ts';
import { ledgerBench } from './ledger.ts';
import { openWizardsBench } from './open-wizards.ts';
import { comeToRest } from './rest.ts';
import { machine, preamble, table, writeJson } from './report.ts';
import { slowProviderBench } from './slow-provider.ts';
import { Stack } from './stack.ts';
import { webhookBench } from './webhook.ts';
import { wizardBench } from './wizard.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    'open-wizards': { type: 'string', default: '10000' },
  },
});
const rounds = Number(options.rounds);
const openWizards = Number(options['open-wizards']);

/** `npm run bench [-- --only ledger --rounds 5 --json file]`: every figure beside its reference, on a stack of its own. */
const BENCHES: readonly Bench[] = [
  decisionBench,
  webhookBench,
  apiBench,
  wizardBench,
  clientSignInBench,
  depositBench,
  // What these leave behind would be in the way of the others: books that take long to check, orders without a run, open runs.
  ledgerBench,
  slowProviderBench,
  openWizardsBench(openWizards),
];
const unknown = (options.only ?? []).find((name) => !BENCHES.some((bench) => bench.name === name));
const isCount = (n: number) => Number.isInteger(n) && n >= 1;
if (!isCount(rounds) || !isCount(openWizards) || unknown !== undefined) {
  say(
    `Options: --rounds N (1 or more), --open-wizards N (10000; 1 or more), --json file, --only ${BENCHES.map(({ name }) => name).join('|')} (repeatable).`,
  );
  process.exit(2);
}

const wanted = BENCHES.filter(({ name }) => options.only?.includes(name) ?? true);
const where = machine();
say(preamble(where, rounds));
const stack = await Stack.start(say);
const stopped = (signal: NodeJS.Signals) =>
  void stack.stop().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
process.once('SIGINT', stopped).once('SIGTERM', stopped);

const measured: Measured[] = [];
try {
  for (const bench of wanted) {
    say(`${bench.name} …\n`);
    for (const figure of await bench.setUp(stack)) {
      await comeToRest();
      const result = await measure(figure, rounds, () => stack.assertBooksRight());
      measured.push(result);
      say(table(result));
    }
  }
} catch (error) {
  // Said before anything is stopped: what is stopped under a call still running would speak instead.
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  await stack.stop();
  process.exit(1);
}
await stack.stop();
const date = new Date().toISOString();
const file = options.json ?? join(CACHE, 'bench', `${date.slice(0, 19).replaceAll(':', '-')}.json`);
writeJson(file, { date, rounds, machine: where, figures: measured });
const missed = measured.flatMap(({ name, ratios }) =>
  ratios.filter(({ met }) => met === false).map(({ against, target }) => `${name}: ours / ${against} ${target}`),
);
say(missed.length === 0 ? 'Every target met.' : `Targets missed:\n${missed.map((one) => `  ${one}`).join('\n')}`);
say(`Written: ${file}`);
process.exit(0);
