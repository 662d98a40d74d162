import { DefaultLogger, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { needed, orExit } from '../config/or-exit.ts';
import { settingsOrExit } from '../config/settings.ts';
import { createPool } from '../db/pool.ts';
import { HUB_QUEUE } from '../domain/queues.ts';
import { timingsNamed } from '../domain/timings.ts';
import { buildWorkflowBundle } from './bundle.ts';
import { connectTemporal } from './client.ts';
import { runWorker } from './run.ts';
import { ensureSchedules } from './schedules.ts';

const settings = settingsOrExit();
const log = pino({ level: settings.logLevel, base: { process: 'worker' } });

const { workerMetricsPort: metricsPort, host } = settings;
const runtime = {
  shutdownSignals: [], // stopped below, in order
  logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
    // Activity-only workers say at every start that they have no workflows.
    if (!message.startsWith('No workflows registered'))
      log[level === 'ERROR' ? 'error' : 'warn'](
        {
          queue: meta?.['taskQueue'],
          activity: meta?.['activityType'],
          workflowId: meta?.['workflowId'],
          runId: meta?.['runId'],
          failure: meta?.['sdkComponent'] === 'core' ? meta['error'] : whatFailed(meta?.['error']),
        },
        message,
      );
  }),
  telemetryOptions: {
    // What the SDK's native side says comes by the same way, not as lines of its own form.
    logging: { filter: { core: 'WARN' as const, other: 'ERROR' as const }, forward: {} },
    ...(metricsPort > 0 && { metrics: { prometheus: { bindAddress: `${host}:${metricsPort}` } } }),
  },
};
await orExit(() =>
  needed('WORKER_METRICS_PORT', `nothing can be served at ${host}:${metricsPort}`, () => Runtime.install(runtime)),
);

/** 'Unavailable provider_timeout': a kind of failure, never its words. */
function whatFailed(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { type, details } = error as { type?: string; details?: { reason?: string }[] };
  return [type ?? error.name, details?.[0]?.reason].filter(Boolean).join(' ');
}

const pool = createPool(settings.databaseUrl, settings.dbPoolSize);
pool.on('error', (error) => log.warn({ error: error.message }, 'a database connection was lost'));
const { client, connection } = connectTemporal(settings);
const timings = timingsNamed(settings.hubTimings);
const workflowBundle = await buildWorkflowBundle();
const worker = await orExit(() =>
  runWorker({ settings, pool, client, workflowBundle, log, ...(timings && { timings }) }),
);
await ensureSchedules(client);

const stop = (signal: string) => {
  log.info({ signal }, 'stopping');
  void worker.stop();
};
process.once('SIGINT', stop).once('SIGTERM', stop);
log.info({ queue: HUB_QUEUE, temporal: settings.temporalAddress }, 'polling');
await worker.ended;
await connection.close();
await pool.end();
log.info('stopped');
