import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { internalActivities } from '../activities/index.ts';
import { bind } from '../activities/kit/activity.ts';
import { settingsOrExit } from '../config/settings.ts';
import { createPool } from '../db/pool.ts';
import { HUB_QUEUE } from '../domain/queues.ts';
import { buildWorkflowBundle } from './bundle.ts';
import { connectTemporal } from './client.ts';
import { createCodec } from './codec.ts';
import { ConnectionQueues } from './connection-queues.ts';
import { ensureSchedules } from './schedules.ts';
import { lendTools } from './tools.ts';

const settings = settingsOrExit();
const log = pino({ level: settings.logLevel, base: { process: 'worker' } });

Runtime.install({
  shutdownSignals: [], // stopped below, in order
  telemetryOptions:
    settings.workerMetricsPort > 0
      ? { metrics: { prometheus: { bindAddress: `${settings.host}:${settings.workerMetricsPort}` } } }
      : {},
});

const pool = createPool(settings.databaseUrl, settings.dbPoolSize);
pool.on('error', (error) => log.warn({ error: error.message }, 'a database connection was lost'));
const { client, connection: clientConnection } = connectTemporal(settings);
const tools = lendTools(settings, pool, client);
const codec = createCodec(settings.payloadKeys);
const [connection, workflowBundle] = await Promise.all([
  NativeConnection.connect({ address: settings.temporalAddress }),
  buildWorkflowBundle(),
]);

const worker = await Worker.create({
  connection,
  namespace: settings.temporalNamespace,
  taskQueue: HUB_QUEUE,
  workflowBundle,
  activities: bind(internalActivities, tools),
  dataConverter: { payloadCodecs: [codec] },
  maxCachedWorkflows: 1_000,
  maxConcurrentActivityTaskExecutions: 40,
  shutdownGraceTime: '20s',
});
const queues = new ConnectionQueues({ connection, namespace: settings.temporalNamespace, codec, tools, pool, log });
await queues.start();
await ensureSchedules(client);

const stop = (signal: string) => {
  log.info({ signal }, 'stopping');
  if (worker.getState() === 'RUNNING') worker.shutdown();
};
process.once('SIGINT', stop).once('SIGTERM', stop);
log.info({ queue: HUB_QUEUE, temporal: settings.temporalAddress }, 'polling');
await worker.run();
await queues.stop();
await clientConnection.close();
await connection.close();
await pool.end();
log.info('stopped');
