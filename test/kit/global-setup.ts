import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../cli/embedded/ports.ts';
import { startPostgres } from '../../cli/embedded/postgres.ts';
import { cliSearchAttributes } from '../../cli/embedded/search-attributes.ts';
import type { RunningService } from '../../cli/embedded/service.ts';
import { temporalCli } from '../../cli/embedded/temporal-binary.ts';
import { startTemporal } from '../../cli/embedded/temporal.ts';
import { migrate } from '../../db/migrate.ts';
import { seed } from '../../db/seed/seed.ts';
import { buildWorkflowBundle } from '../../worker/bundle.ts';
import { openRunFolder } from './run-folder.ts';

/** What global-teardown.ts ends; both run in Jest's main process. */
export interface TestRun {
  folder: string;
  services: RunningService[];
}

declare global {
  var hubTestRun: TestRun | undefined;
}

/**
 * One PostgreSQL and one Temporal server for the whole run, unless DATABASE_URL / TEMPORAL_ADDRESS name others. Test files find them in
 * HUB_TEST_DATABASE_URL (may create databases; `hub_template` is migrated and holds the reference data), HUB_TEST_TEMPORAL_ADDRESS and
 * HUB_TEST_TEMPORAL_UI, the workflows, bundled, in the file HUB_TEST_WORKFLOW_BUNDLE.
 */
export default async function globalSetup(): Promise<void> {
  const run: TestRun = { folder: await openRunFolder(), services: [] };
  globalThis.hubTestRun = run;
  endWithUs(run);
  process.env['HUB_STATE_DIR'] ??= join(run.folder, 'state');
  await Promise.all([database(run), temporal(run), workflows(run)]);
}

async function workflows({ folder }: TestRun): Promise<void> {
  const file = join(folder, 'workflow-bundle.json');
  await writeFile(file, JSON.stringify(await buildWorkflowBundle()));
  process.env['HUB_TEST_WORKFLOW_BUNDLE'] = file;
}

async function database(run: TestRun): Promise<void> {
  process.env['HUB_TEST_DATABASE_URL'] = process.env['DATABASE_URL'] || (await embeddedDatabase(run));
  await buildTemplate(process.env['HUB_TEST_DATABASE_URL']);
}

async function embeddedDatabase(run: TestRun): Promise<string> {
  const [port, password] = [await freePort(), randomBytes(12).toString('hex')];
  run.services.push(
    await startPostgres({ stateDir: run.folder, port, password, database: 'brokerhub', throwaway: true }),
  );
  return `postgres://postgres:${password}@127.0.0.1:${port}/brokerhub`;
}

async function buildTemplate(adminUrl: string): Promise<void> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query('drop database if exists hub_template with (force)');
    await admin.query('create database hub_template');
  } finally {
    await admin.end();
  }
  const template = Object.assign(new URL(adminUrl), { pathname: '/hub_template' }).href;
  await migrate(template);
  await seed(template);
}

/** So many events Temporal calls a long history (else 4,096): a test gets there within seconds. */
const LONG = 500;

async function temporal(run: TestRun): Promise<void> {
  const given = process.env['TEMPORAL_ADDRESS'];
  if (given) {
    const { registerSearchAttributes } = await import('../../cli/register-search-attributes.ts');
    await registerSearchAttributes({ address: given, namespace: process.env['TEMPORAL_NAMESPACE'] || 'default' });
    process.env['HUB_TEST_TEMPORAL_ADDRESS'] = given;
    process.env['HUB_TEST_TEMPORAL_UI'] = process.env['TEMPORAL_UI_URL'] || '';
    return;
  }
  const cli = await temporalCli((line) => process.stderr.write(`${line}\n`));
  const [port, uiPort] = [await freePort(), await freePort()];
  const options = {
    cli,
    stateDir: run.folder,
    port,
    uiPort,
    namespace: 'default',
    searchAttributes: cliSearchAttributes,
    limits: { 'limit.historyCount.suggestContinueAsNew': LONG },
  };
  run.services.push(await startTemporal(options));
  process.env['HUB_TEST_LONG_HISTORY'] = String(LONG);
  process.env['HUB_TEST_TEMPORAL_ADDRESS'] = `127.0.0.1:${port}`;
  process.env['HUB_TEST_TEMPORAL_UI'] = `http://127.0.0.1:${uiPort}`;
}

/** Jest skips the teardown when it is interrupted. */
function endWithUs(run: TestRun): void {
  process.once('exit', () => {
    for (const { pid } of run.services) {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // has ended already
      }
    }
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
}
