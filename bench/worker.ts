/** The worker process of a benchmark: the hub's own worker, and with the same settings one for the bare references. */
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { providers } from '../adapters/installed.ts';
import { settingsOrExit } from '../config/settings.ts';
import { createPool } from '../db/pool.ts';
import { TIMINGS } from '../domain/timings.ts';
import { buildWorkflowBundle } from '../worker/bundle.ts';
import { connectTemporal } from '../worker/client.ts';
import { createCodec } from '../worker/codec.ts';
import { runWorker } from '../worker/run.ts';
import { BARE_PROVIDER_QUEUE, BARE_QUEUE } from './queues.ts';
import type { BareActivities } from './workflows.ts';

const settings = settingsOrExit();
const BARE_WORKFLOWS = fileURLToPath(new URL('workflows.ts', import.meta.url));
const log = pino({ level: 'warn' });
Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });

// What a provider allows per second is not what is measured.
for (const provider of providers) Object.assign(provider.limits, { perSecond: 10_000 });

const pool = createPool(settings.databaseUrl, settings.dbPoolSize);
pool.on('error', (error) => log.warn({ error: error.message }, 'a database connection was lost'));
const { client, connection } = connectTemporal(settings);
const hub = await runWorker({ settings, pool, client, workflowBundle: await buildWorkflowBundle(), log });

const native = await NativeConnection.connect({ address: settings.temporalAddress });
const shared = {
  connection: native,
  namespace: settings.temporalNamespace,
  activities: { nothing: async () => undefined } satisfies BareActivities,
  dataConverter: { payloadCodecs: [createCodec(settings.payloadKeys)] },
};
const bare = await Worker.create({
  ...shared,
  taskQueue: BARE_QUEUE,
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: BARE_WORKFLOWS,
    // As the hub's own are (worker/bundle.ts).
    preloadModules: [BARE_WORKFLOWS],
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
  }),
  maxCachedWorkflows: 1_000,
  maxConcurrentActivityTaskExecutions: 40,
  stickyQueueScheduleToStartTimeout: TIMINGS.stickyTask,
});
const bareProvider = await Worker.create({
  ...shared,
  taskQueue: BARE_PROVIDER_QUEUE,
  maxTaskQueueActivitiesPerSecond: 10_000,
  maxConcurrentActivityTaskExecutions: 20,
});
const ended = Promise.all([bare.run(), bareProvider.run(), hub.ended]);

const stop = (): void => {
  bare.shutdown();
  bareProvider.shutdown();
  void hub.stop();
};
process.once('SIGINT', stop).once('SIGTERM', stop);
process.stdout.write('bench worker polls\n');
await ended;
await native.close();
await connection.close();
await pool.end();
