import { loadWebhook, parkWebhook } from '../../db/repositories/webhooks.ts';
import type { Activity } from '../kit/activity.ts';
import { deliverWebhook } from './deliver-webhook.ts';

const AT_ONCE = 200;

/** Callbacks whose delivery was cut off, and parked ones whose time has come. */
export const deliverWaitingWebhooks: Activity<void, { delivered: number }> = async (_, tools) => {
  const { rows } = await tools.pool.query<{ id: string }>(
    `select id from webhook where status in ('received', 'parked') and next_attempt <= now() order by next_attempt limit $1`,
    [AT_ONCE],
  );
  let delivered = 0;
  for (const { id } of rows) {
    try {
      await deliverWebhook({ webhookId: id }, tools);
      delivered += 1;
    } catch {
      // One that cannot be delivered must not keep the others waiting: it is put off, and counted as tried.
      const webhook = await loadWebhook(tools.pool, id);
      if (webhook) await parkWebhook(tools.pool, webhook, 'could not be delivered');
    }
  }
  return { delivered };
};
