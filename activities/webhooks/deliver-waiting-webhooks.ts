import { loadWebhooks, settleWebhooks } from '../../db/repositories/webhooks.ts';
import type { Activity } from '../kit/activity.ts';
import { deliverWebhooks } from './deliver-webhooks.ts';

const AT_ONCE = 200;

/** Callbacks whose delivery was cut off, and parked ones whose time has come. */
export const deliverWaitingWebhooks: Activity<void, { delivered: number }> = async (_, tools) => {
  const { rows } = await tools.pool.query<{ id: string }>(
    `select id from webhook where status in ('received', 'parked') and next_attempt <= now() order by next_attempt limit $1`,
    [AT_ONCE],
  );
  const waiting = await loadWebhooks(
    tools.pool,
    rows.map(({ id }) => id),
  );
  const deliveries = [...(await deliverWebhooks(waiting, tools))];
  // One that cannot be delivered must not keep the others waiting: it is put off, and counted as tried.
  const failed = deliveries.flatMap(([id, delivery]) => ('error' in delivery ? [id] : []));
  const putOff = await loadWebhooks(tools.pool, failed);
  await settleWebhooks(
    tools.pool,
    putOff.map((webhook) => ({ webhook, as: 'parked', reason: 'could not be delivered' })),
  );
  return { delivered: deliveries.length - failed.length };
};
