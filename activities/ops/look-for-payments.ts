import type { Activity } from '../kit/activity.ts';

const AT_ONCE = 100;

/**
 * Looks for payments nobody told us of, because a callback was lost: on pages that ended unpaid (every six hours for a week, then weekly for half a
 * year: payments are disputed late) and on
 * clients' own addresses (once a day). What is found becomes a deposit of its own.
 */
export const lookForPayments: Activity<void, { looked: number }> = async (_, { pool, steer }) => {
  const { rows } = await pool.query<{ reference: string; connectionId: number }>(
    `with page as (
       update money_transaction set next_look = case when process_time > now() - interval '7 days' then now() + interval '6 hours'
                                                             when process_time > now() - interval '180 days' then now() + interval '7 days' end
        where transaction_id in (
          select transaction_id from money_transaction where next_look <= now() order by next_look limit $1 for update skip locked)
       returning reference, connection_id),
     address as (
       update deposit_address set next_look = now() + interval '1 day'
        where id in (select id from deposit_address where next_look <= now() order by next_look limit $1 for update skip locked)
       returning reference, connection_id)
     select reference, connection_id as "connectionId" from page union all select reference, connection_id from address`,
    [AT_ONCE],
  );
  for (const { reference, connectionId } of rows) {
    await steer.arrivals({ reference, connectionId, webhookId: 'none', said: 'looking by ourselves' });
  }
  return { looked: rows.length };
};
