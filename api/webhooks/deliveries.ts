import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Tools } from '../../activities/kit/activity.ts';
import { type Delivery, deliverWebhooks } from '../../activities/webhooks/deliver-webhooks.ts';
import { loadWebhooks, SWEPT_AFTER_MS, type WebhookRow } from '../../db/repositories/webhooks.ts';

/** What came while others were delivered goes together: a flood costs a few statements for many. */
const AT_ONCE = 100;
const GATHERING_MS = 20;
/** While more come than can be answered, answering goes first: then 200 are delivered in a second, and the rest when it is over. */
const FLOODED_MS = 500;
const MOST_WAITING = 20_000;
const MOST_BYTES = 16 * 1024 * 1024;

type Lent = Omit<Tools, 'run' | 'signal'>;

/**
 * Delivers stored callbacks right after they were answered. Whatever fails here, is too much or has waited too long, waits in the
 * database for the sweep.
 */
export const createDeliveries = (tools: () => Lent, log: Logger, isFlooded = () => false) => {
  const waiting: { webhook: WebhookRow; since: number }[] = [];
  let bytes = 0;
  let running = false;

  const deliverAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const next = waiting.splice(0, AT_ONCE);
      for (const { webhook } of next) bytes -= webhook.body.length;
      const oldest = performance.now() - SWEPT_AFTER_MS;
      const some = next.flatMap(({ webhook, since }) => (since > oldest ? [webhook] : []));
      const deliveries = await deliver(tools(), some).catch(
        (error: unknown) => new Map(some.map(({ id }) => [id, { error }])),
      );
      for (const [webhookId, delivery] of deliveries) {
        if (!('error' in delivery)) continue;
        log.warn({ webhookId, err: delivery.error }, 'callback not delivered yet; the sweep tries again');
      }
      if (isFlooded()) await sleep(FLOODED_MS);
      else if (waiting.length < AT_ONCE) await sleep(GATHERING_MS);
    }
    running = false;
  };

  return (webhook: WebhookRow): void => {
    if (waiting.length >= MOST_WAITING || bytes + webhook.body.length > MOST_BYTES) return;
    waiting.push({ webhook, since: performance.now() });
    bytes += webhook.body.length;
    if (running) return;
    running = true;
    // Answering those that wait comes first.
    setImmediate(() => void deliverAll());
  };
};

const deliver = (tools: Lent, callbacks: readonly WebhookRow[]): Promise<Map<string, Delivery>> =>
  deliverWebhooks(callbacks, { ...tools, run: { workflowId: '', runId: '' }, signal: AbortSignal.timeout(30_000) });

/** Delivers one stored callback that somebody vouches for. Throws when that cannot be done now. */
export const deliverNow = async (tools: Lent, webhookId: string): Promise<{ status: string }> => {
  const stored = await loadWebhooks(tools.pool, [webhookId]);
  const vouchedFor = stored.map((webhook) => ({ ...webhook, unsigned: false }));
  const delivery = (await deliver(tools, vouchedFor)).get(webhookId)!;
  if ('error' in delivery) throw delivery.error;
  return delivery;
};
