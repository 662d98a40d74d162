import { loadWebhooks, settleWebhooks } from '../../db/repositories/webhooks.ts';
import type { Activity } from '../kit/activity.ts';
import { deliverWebhooks } from './deliver-webhooks.ts';

const AT_ONCE = 200;
/** Of bodies: anybody may send large ones. */
const BYTES_AT_ONCE = 16 * 1024 * 1024;

/** Callbacks whose delivery was cut off, and parked ones whose time has come. */
export const deliverWaitingWebhooks: Activity<void, { delivered: number }> = async (_, tools) => {
  const { rows } = await tools.pool.query<{ id: string }>(
    `select id
       from (select id, sum(size) over (order by next_attempt, id) - size as ahead
               from (select id, next_attempt, octet_length(body) as size from webhook
                      where status in ('received', 'parked') and next_attempt <= now() order by next_attempt, id limit $1) due) lined_up
      where ahead < $2`,
    [AT_ONCE, BYTES_AT_ONCE],
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
