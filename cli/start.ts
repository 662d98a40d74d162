import { registerSearchAttributes } from './register-search-attributes.ts';
import { loadSettings, SettingsError, type Settings } from '../config/settings.ts';
import { bringSchema } from './bring-schema.ts';
import { seed } from '../db/seed/seed.ts';
import { demoConnections } from './demo-connections.ts';
import { assertPortFree } from './embedded/ports.ts';
import { startPostgres } from './embedded/postgres.ts';
import { forgetProcess } from './embedded/process-record.ts';
import { cliSearchAttributes } from './embedded/search-attributes.ts';
import type { RunningService } from './embedded/service.ts';
import { temporalCli } from './embedded/temporal-binary.ts';
import { startTemporal } from './embedded/temporal.ts';
import { firstOperator } from './first-operator.ts';
import { addressTable, localApi } from './start/addresses.ts';
import { startNodeProcess } from './start/node-process.ts';
import { untilReady } from './start/readiness.ts';
import { claimStateFolder, clearStateFolder, stopLeftovers } from './start/state-folder.ts';
import { supervise, type Supervised } from './start/supervise.ts';

/** `npm start`: everything a hub needs, on this machine. `--fresh` begins with an empty state folder. */
process.env['HUB_MODE'] ||= 'embedded';
const say = (line: string): void => void process.stdout.write(`${line}\n`);
/** In the order of their start; stopped from the end. */
const running: Supervised[] = [];
const starting = new Set<Promise<Supervised>>();
let stopping: Date | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void onSignal());
try {
  await main();
} catch (error) {
  if (stopping === undefined) {
    process.stderr.write(`${describe(error)}\n`);
    await stopAll(1);
  }
}

async function main(): Promise<void> {
  const settings = await openState(process.argv.includes('--fresh'));
  await assertPortFree('PORT', settings.port, settings.host);
  // The mail server of the sandboxes is next to them.
  for (const port of [settings.sandboxPort, settings.sandboxPort + 1]) await assertPortFree('SANDBOX_PORT', port);

  await Promise.all([bringDatabase(settings), bringTemporal(settings)]);
  const demo =
    settings.hubMode === 'embedded'
      ? { configKeys: settings.configKeys, connections: await demoConnections(settings.sandboxUrl) }
      : undefined;
  await seed(settings.databaseUrl, demo);
  const operator = await firstOperator(settings);

  await Promise.all((['sandbox', 'worker', 'api'] as const).map((name) => bringProcess(name, settings)));
  const ready = untilReady(localApi(settings), (line) => void (stopping ?? say(line)));
  await Promise.race([ready, ...running.map(({ hopeless }) => hopeless)]);
  if (stopping === undefined) say(addressTable(settings, operator));
}

async function openState(fresh: boolean): Promise<Settings> {
  const settings = loadSettings();
  claimStateFolder(settings.hubStateDir);
  process.once('exit', () => forgetProcess(settings.hubStateDir, 'start'));
  const leftovers = await stopLeftovers(settings.hubStateDir);
  if (leftovers.length > 0) say(`Stopped what an earlier start left running: ${leftovers.join(', ')}.`);
  if (!fresh) return settings;
  clearStateFolder(settings.hubStateDir);
  if (!settings.embedded.database) say('--fresh leaves the database of DATABASE_URL as it is.');
  if (!settings.embedded.temporal) say('--fresh leaves the Temporal server of TEMPORAL_ADDRESS as it is.');
  return loadSettings(); // new keys
}

async function bringDatabase(settings: Settings): Promise<void> {
  if (settings.embedded.database) {
    say(`PostgreSQL on port ${settings.pgPort} …`);
    const options = {
      stateDir: settings.hubStateDir,
      port: settings.pgPort,
      database: 'brokerhub',
      password: new URL(settings.databaseUrl).password,
    };
    await bring('postgres', () => startPostgres(options), 'SIGQUIT');
  }
  const { applied } = await bringSchema(settings, say);
  if (applied.length > 0) say(`Database brought up to date: ${applied.join(', ')}.`);
}

async function bringTemporal(settings: Settings): Promise<void> {
  if (!settings.embedded.temporal) {
    await registerSearchAttributes({ address: settings.temporalAddress, namespace: settings.temporalNamespace });
    return;
  }
  const cli = await temporalCli(say);
  say(`Temporal on port ${settings.temporalPort}, its UI on ${settings.temporalUiPort} …`);
  const options = {
    cli,
    stateDir: settings.hubStateDir,
    port: settings.temporalPort,
    uiPort: settings.temporalUiPort,
    namespace: settings.temporalNamespace,
    codecEndpoint: `${settings.publicUrl}/codec`,
    searchAttributes: cliSearchAttributes,
  };
  await bring('temporal', () => startTemporal(options));
}

async function bringProcess(name: 'sandbox' | 'worker' | 'api', settings: Settings): Promise<void> {
  const prefixed = (line: string): void => say(`${name.padEnd(7)} │ ${line}`);
  await bring(name, () => startNodeProcess(name, `${name}/main.ts`, settings.hubStateDir, prefixed));
}

async function bring(name: string, start: () => Promise<RunningService>, forceSignal?: NodeJS.Signals): Promise<void> {
  if (stopping !== undefined) return;
  const pending = supervise(name, start, say, forceSignal);
  starting.add(pending);
  try {
    running.push(await pending);
  } finally {
    starting.delete(pending);
  }
}

async function onSignal(): Promise<void> {
  if (stopping === undefined) {
    say('Stopping …');
    await stopAll(0);
  } else if (Date.now() - stopping.getTime() > 1_000) {
    // Within the same second it is one Ctrl-C heard twice: from the terminal, and passed on by npm.
    for (const one of running) one.force();
    process.exit(1);
  }
}

/** Callers first: nobody is left talking to a server that is gone. */
async function stopAll(exitCode: number): Promise<never> {
  stopping = new Date();
  await Promise.allSettled(starting); // what is half started would be left behind
  for (const name of ['api', 'worker', 'sandbox', 'temporal', 'postgres']) {
    for (const one of running.filter((each) => each.name === name)) await one.stop();
  }
  process.exit(exitCode);
}

function describe(error: unknown): string {
  if (error instanceof SettingsError) return error.message;
  return error instanceof Error ? error.message || String(error) : String(error);
}
