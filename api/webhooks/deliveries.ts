import type { Logger } from 'pino';
import type { Tools } from '../../activities/kit/activity.ts';
import { deliverWebhook } from '../../activities/webhooks/deliver-webhook.ts';

/** Few: answering the next callback comes before delivering the last one. */
const AT_ONCE = 2;
const MOST_WAITING = 1_000;

/**
 * Delivers stored callbacks right after they were answered, a few at a time. Whatever fails here, or is too much, waits in the
 * database for the sweep.
 */
export const createDeliveries = (tools: () => Omit<Tools, 'run' | 'signal'>, log: Logger) => {
  const waiting: string[] = [];
  let running = 0;

  const runNext = (): void => {
    while (running < AT_ONCE && waiting.length > 0) {
      const webhookId = waiting.shift()!;
      running += 1;
      void deliverNow(tools(), webhookId)
        .catch((error: unknown) =>
          log.warn({ webhookId, err: error }, 'callback not delivered yet; the sweep tries again'),
        )
        .finally(() => {
          running -= 1;
          runNext();
        });
    }
  };

  return (webhookId: string): void => {
    if (waiting.length >= MOST_WAITING) return;
    waiting.push(webhookId);
    runNext();
  };
};

/** Delivers one stored callback from outside of a workflow. */
export const deliverNow = (tools: Omit<Tools, 'run' | 'signal'>, webhookId: string): Promise<{ status: string }> =>
  deliverWebhook({ webhookId }, { ...tools, run: { workflowId: '', runId: '' }, signal: AbortSignal.timeout(30_000) });
