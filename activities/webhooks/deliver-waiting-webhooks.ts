import type { Activity } from '../kit/activity.ts';
import { deliverWebhook } from './deliver-webhook.ts';

const AT_ONCE = 200;

/** Callbacks whose delivery was cut off, and parked ones whose time has come. */
export const deliverWaitingWebhooks: Activity<void, { delivered: number }> = async (_, tools) => {
  const { rows } = await tools.pool.query<{ id: string }>(
    `select id from webhook where status in ('received', 'parked') and next_attempt <= now() order by next_attempt limit $1`,
    [AT_ONCE],
  );
  for (const { id } of rows) await deliverWebhook({ webhookId: id }, tools);
  return { delivered: rows.length };
};
