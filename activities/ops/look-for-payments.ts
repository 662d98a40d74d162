import type { Activity } from '../kit/activity.ts';

const AT_ONCE = 100;

/** Left to whoever took them for so long: when he dies before a run knows, they are looked at again. */
const TAKE = `
  with page as (
    update money_transaction set next_look = now() + interval '10 minutes'
     where transaction_id in (select transaction_id from money_transaction where next_look <= now() order by next_look limit $1 for update skip locked)
    returning transaction_id, reference, connection_id, next_look),
  address as (
    update deposit_address set next_look = now() + interval '10 minutes'
     where id in (select id from deposit_address where next_look <= now() order by next_look limit $1 for update skip locked)
    returning id, reference, connection_id, next_look)
  select 'page' as what, transaction_id as id, reference, connection_id as "connectionId", next_look::text as until from page
   union all select 'address', id, reference, connection_id, next_look::text from address`;

/** Unless the run that was told has ordered another look already. */
const NEXT = {
  page: `update money_transaction set next_look = case when process_time > now() - interval '7 days' then now() + interval '6 hours'
                                                       when process_time > now() - interval '180 days' then now() + interval '7 days' end
          where transaction_id = $1 and next_look = $2::timestamptz`,
  address: `update deposit_address set next_look = now() + interval '1 day' where id = $1 and next_look = $2::timestamptz`,
};

/**
 * Looks for payments nobody told us of, because a callback was lost: on pages that ended unpaid (every six hours for a week, then weekly for half a
 * year: payments are disputed late) and on clients' own addresses (once a day). What is found becomes a deposit of its own.
 */
export const lookForPayments: Activity<void, { looked: number }> = async (_, { pool, steer }) => {
  const { rows } = await pool.query<{
    what: keyof typeof NEXT;
    id: number;
    reference: string;
    connectionId: number;
    until: string;
  }>(TAKE, [AT_ONCE]);
  for (const { what, id, until, reference, connectionId } of rows) {
    await steer.arrivals({ reference, connectionId, webhookId: 'none', said: 'looking by ourselves' });
    await pool.query(NEXT[what], [id, until]);
  }
  return { looked: rows.length };
};
