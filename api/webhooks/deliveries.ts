import type { Logger } from 'pino';
import type { Tools } from '../../activities/kit/activity.ts';
import { type Delivery, deliverWebhooks } from '../../activities/webhooks/deliver-webhooks.ts';

/** What came while others were delivered goes together: a flood costs a few statements for many. */
const AT_ONCE = 100;
const GATHERING_MS = 20;
const MOST_WAITING = 1_000;

type Lent = Omit<Tools, 'run' | 'signal'>;

/**
 * Delivers stored callbacks right after they were answered. Whatever fails here, or is too much, waits in the database for the
 * sweep.
 */
export const createDeliveries = (tools: () => Lent, log: Logger) => {
  const waiting: string[] = [];
  let running = false;

  const deliverAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const ids = waiting.splice(0, AT_ONCE);
      const deliveries = await deliver(tools(), ids).catch(
        (error: unknown) => new Map(ids.map((id) => [id, { error }])),
      );
      for (const [webhookId, delivery] of deliveries) {
        if (!('error' in delivery)) continue;
        log.warn({ webhookId, err: delivery.error }, 'callback not delivered yet; the sweep tries again');
      }
      await new Promise((done) => setTimeout(done, GATHERING_MS));
    }
    running = false;
  };

  return (webhookId: string): void => {
    if (waiting.length >= MOST_WAITING) return;
    waiting.push(webhookId);
    if (running) return;
    running = true;
    // Answering those that wait comes first.
    setImmediate(() => void deliverAll());
  };
};

const deliver = (tools: Lent, ids: readonly string[]): Promise<Map<string, Delivery>> =>
  deliverWebhooks(ids, { ...tools, run: { workflowId: '', runId: '' }, signal: AbortSignal.timeout(30_000) });

/** Delivers one stored callback. Throws when that cannot be done now. */
export const deliverNow = async (tools: Lent, webhookId: string): Promise<{ status: string }> => {
  const delivery = (await deliver(tools, [webhookId])).get(webhookId)!;
  if ('error' in delivery) throw delivery.error;
  return delivery;
};
