import { type NativeConnection, Worker } from '@temporalio/worker';
import type { PayloadCodec } from '@temporalio/common';
import type pg from 'pg';
import type { Logger } from 'pino';
import { providerActivities } from '../activities/index.ts';
import { bind, type Tools } from '../activities/kit/activity.ts';
import { connectionQueue } from '../domain/queues.ts';
import { providerById } from './tools.ts';

interface Options {
  connection: NativeConnection;
  namespace: string;
  codec: PayloadCodec;
  tools: Omit<Tools, 'run' | 'signal'>;
  pool: pg.Pool;
  log: Logger;
}

const LOOK_EVERY_MS = 3_000;

/**
 * One queue for each connection, so that a slow provider never delays another, with the provider's rate limit kept by the
 * server. Connections are data: new ones get their queue while the worker runs.
 */
export class ConnectionQueues {
  private readonly options: Options;
  private readonly workers = new Map<number, { worker: Worker; ended: Promise<void> }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    this.options = options;
  }

  async start(): Promise<void> {
    await this.look();
    const again = () => {
      this.timer = setTimeout(() => {
        void this.look()
          .catch((error: Error) => this.options.log.warn({ error: error.message }, 'could not read the connections'))
          .finally(again);
      }, LOOK_EVERY_MS);
    };
    again();
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    for (const { worker } of this.workers.values()) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.all([...this.workers.values()].map(({ ended }) => ended));
  }

  private async look(): Promise<void> {
    const { pool, connection, namespace, codec, tools, log } = this.options;
    const { rows } = await pool.query<{ id: number; provider: string }>(
      `select id, provider from connection order by id`,
    );
    for (const { id, provider } of rows) {
      if (this.workers.has(id)) continue;
      const { limits } = providerById(provider);
      const worker = await Worker.create({
        connection,
        namespace,
        taskQueue: connectionQueue(id),
        activities: bind(providerActivities, tools),
        maxTaskQueueActivitiesPerSecond: limits.perSecond,
        maxConcurrentActivityTaskExecutions: 20,
        // Above the longest attempt: a worker that is asked to stop lets a payment's answer come home.
        shutdownGraceTime: '80s',
        dataConverter: { payloadCodecs: [codec] },
      });
      this.workers.set(id, { worker, ended: worker.run() });
      log.info({ connection: id, provider }, 'polling');
    }
  }
}
