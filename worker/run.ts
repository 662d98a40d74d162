import type { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type pg from 'pg';
import type { Logger } from 'pino';
import { internalActivities } from '../activities/index.ts';
import { bind } from '../activities/kit/activity.ts';
import { CallBook } from '../activities/kit/call-book.ts';
import { needed } from '../config/or-exit.ts';
import type { Settings } from '../config/settings.ts';
import { HUB_QUEUE } from '../domain/queues.ts';
import { TIMINGS, type Timings } from '../domain/timings.ts';
import { callMeter } from './call-meter.ts';
import { createCodec } from './codec.ts';
import { ConnectionQueues } from './connection-queues.ts';
import { lendTools } from './tools.ts';

export interface WorkerOptions {
  settings: Settings;
  pool: pg.Pool;
  client: Client;
  workflowBundle: WorkflowBundleWithSourceMap;
  log: Logger;
  /** For runs that activities start; tests shorten the waits. */
  timings?: Partial<Timings>;
}

export interface RunningWorker {
  /** Settles when the worker has ended, by `stop` or by an error it could not survive. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** Workflows and our own activities on one queue, each connection's activities on a queue of its own. */
export const runWorker = async ({
  settings,
  pool,
  client,
  workflowBundle,
  log,
  timings,
}: WorkerOptions): Promise<RunningWorker> => {
  const pauses = timings?.breakerPauses ?? TIMINGS.breakerPauses;
  const book = new CallBook({ pool, pauses, measure: callMeter(), onPause: () => queues.lookNow() });
  const tools = lendTools(settings, pool, client, timings, book);
  const codec = createCodec(settings.payloadKeys);
  const namespace = settings.temporalNamespace;
  const { temporalAddress: address } = settings;
  const connection = await needed('TEMPORAL_ADDRESS', `no Temporal server answers at ${address}`, () =>
    NativeConnection.connect({ address }),
  );
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: HUB_QUEUE,
    workflowBundle,
    activities: bind(internalActivities, tools),
    dataConverter: { payloadCodecs: [codec] },
    // Counted in runs, not in memory: a money run is small, a thousand fit well below the heap's limit.
    maxCachedWorkflows: 1_000,
    maxConcurrentActivityTaskExecutions: 40,
    stickyQueueScheduleToStartTimeout: timings?.stickyTask ?? TIMINGS.stickyTask,
    shutdownGraceTime: '20s',
  });
  const queues = new ConnectionQueues({ connection, namespace, codec, tools, pool, log, book, pauses });
  await queues.start();
  const untilTheEnd = async (): Promise<void> => {
    try {
      await worker.run();
    } finally {
      await queues.stop();
      await connection.close();
    }
  };
  const ended = untilTheEnd();
  return {
    ended,
    stop: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
};
