import { type NativeConnection, Worker } from '@temporalio/worker';
import type { PayloadCodec } from '@temporalio/common';
import type pg from 'pg';
import type { Logger } from 'pino';
import { providerActivities } from '../activities/index.ts';
import { bind, type Tools } from '../activities/kit/activity.ts';
import type { CallBook } from '../activities/kit/call-book.ts';
import { type ConnectionTraffic, loadTraffic } from '../db/repositories/connection-health.ts';
import { connectionQueue } from '../domain/queues.ts';
import { providerById } from './tools.ts';
import { tryAgain } from './try-again.ts';

interface Options {
  connection: NativeConnection;
  namespace: string;
  codec: PayloadCodec;
  tools: Omit<Tools, 'run' | 'signal'>;
  pool: pg.Pool;
  log: Logger;
  book: CallBook;
  /** How long the breaker waits before each trial. */
  pauses: readonly number[];
}

const LOOK_EVERY_MS = 1_000;
const FLUSH_EVERY_MS = 5_000;

interface Polling {
  worker: Worker;
  ended: Promise<void>;
}

/**
 * One queue for each connection, so that a slow provider never delays another, with the provider's rate limit kept by the
 * server. Connections are data: new ones get their queue while the worker runs. The queue of a provider that does not answer is not polled: its
 * work waits in Temporal, where nothing fails by waiting, until one worker has found that the provider is back.
 */
export class ConnectionQueues {
  private readonly options: Options;
  private readonly polling = new Map<number, Polling>();
  private readonly trying = new Set<number>();
  private readonly hopeless = new Set<number>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | null = null;
  private flushedAt = Date.now();
  private stopping = false;

  constructor(options: Options) {
    this.options = options;
  }

  /** Also while the database is away: then nothing is polled until it can be read. */
  async start(): Promise<void> {
    await this.lookSafely();
    const again = (): void => {
      this.timer = setTimeout(() => void this.lookSafely().finally(again), LOOK_EVERY_MS);
    };
    again();
  }

  /** A pause was noted: stop polling without waiting for the next look. */
  lookNow(): void {
    if (!this.stopping) void this.lookSafely();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.looking?.catch(() => undefined);
    for (const one of this.polling.values()) shutDown(one);
    await Promise.all([...this.polling.values()].map(({ ended }) => ended));
    await this.options.book.flush().catch(() => undefined);
  }

  private async lookSafely(): Promise<void> {
    const { book, log } = this.options;
    try {
      await this.look();
      if (Date.now() - this.flushedAt < FLUSH_EVERY_MS) return;
      this.flushedAt = Date.now();
      await book.flush();
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'could not read the connections');
    }
  }

  /** One look at a time. */
  private look(): Promise<void> {
    this.looking ??= this.adjust().finally(() => (this.looking = null));
    return this.looking;
  }

  private async adjust(): Promise<void> {
    const seen = await loadTraffic(this.options.pool);
    const there = new Set(seen.map(({ id }) => id));
    for (const [id, one] of this.polling) if (!there.has(id)) shutDown(one);
    const toPoll: ConnectionTraffic[] = [];
    for (const one of seen) {
      const polling = this.polling.get(one.id);
      if (one.due) this.tryAgain(one);
      if (one.paused) {
        if (polling && shutDown(polling)) this.options.log.warn({ connection: one.id }, 'paused: not polling');
      } else if (!polling) toPoll.push(one); // one that is still finishing what it began is waited for
    }
    await Promise.all(toPoll.map((one) => this.poll(one)));
  }

  private async poll({ id, provider }: ConnectionTraffic): Promise<void> {
    const { connection, namespace, codec, tools, log } = this.options;
    if (this.stopping) return;
    let perSecond: number;
    try {
      ({ perSecond } = providerById(provider).limits);
      this.hopeless.delete(id);
    } catch (error) {
      // Its adapter is not installed here: that must not keep the others from being polled.
      if (!this.hopeless.has(id)) log.error({ connection: id, provider }, (error as Error).message);
      this.hopeless.add(id);
      return;
    }
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: connectionQueue(id),
      activities: bind(providerActivities, tools),
      maxTaskQueueActivitiesPerSecond: perSecond,
      maxConcurrentActivityTaskExecutions: 20,
      // There are many queues and most are quiet: one open poll each, more only while there is work.
      activityTaskPollerBehavior: { type: 'autoscaling', minimum: 1, initial: 1, maximum: 5 },
      // Above the longest attempt: a worker that is asked to stop lets a payment's answer come home.
      shutdownGraceTime: '80s',
      dataConverter: { payloadCodecs: [codec] },
    });
    const ended = worker
      .run()
      .catch((error: Error) => log.error({ connection: id, error: error.message }, 'polling ended, beginning anew'))
      .finally(() => this.polling.delete(id));
    this.polling.set(id, { worker, ended });
    log.info({ connection: id, provider }, 'polling');
  }

  private tryAgain({ id }: ConnectionTraffic): void {
    if (this.trying.has(id) || this.stopping) return;
    this.trying.add(id);
    const { log } = this.options;
    void tryAgain(this.options, id)
      .then((back) => back && this.lookNow())
      .catch((error: Error) => log.warn({ connection: id, error: error.message }, 'could not try the connection'))
      .finally(() => this.trying.delete(id));
  }
}

/** True when it was polling until now. What it began it finishes. */
const shutDown = ({ worker }: Polling): boolean => {
  if (worker.getState() !== 'RUNNING') return false;
  worker.shutdown();
  return true;
};
