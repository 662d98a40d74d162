import type { Queryable } from '../../db/pool.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { debtsOf } from '../../db/repositories/client-debts.ts';
import { type Guard, guardChangesOf } from '../../db/repositories/guard-changes.ts';
import { doubtsAbout } from '../../db/repositories/payment-doubts.ts';
import { anyOf } from '../../db/unseen.ts';
import { minuteOf } from '../../activities/transactions/listed-address.ts';
import { CHANGED } from '../../activities/transactions/recent-change.ts';

interface Facts {
  id: number;
  /** Null for a refund: that is the broker's wish, whatever the client may. */
  clientStatus: string | null;
  accountStatus: string | null;
  mayWithdraw: boolean | null;
  changed: { guard: Guard; time: string } | null;
  doubts: string[];
  debts: { currency: string; amount: string; deposits: number[] }[];
}

/**
 * What an approver must know of open payouts before he says yes, as it is now, by request. After his yes it would be too late: what people pay is booked whatever
 * became of the client (docs/decisions/0070-paid-by-people.md), and what was held before a guard changed goes on (0076).
 */
export const payoutWarnings = async (db: Queryable, requestIds: readonly number[]): Promise<Map<number, string[]>> => {
  if (requestIds.length === 0) return new Map();
  const hours = await brokerSetting(db, 'withdrawals.afterChangeHours');
  const { rows } = await db.query<Facts>(
    `select a.id, case when t.parent_id is null then c.status end as "clientStatus", case when t.parent_id is null then acc.status end as "accountStatus",
            case when t.parent_id is null then acc.permissions @> array['enabled', 'withdrawal'] end as "mayWithdraw",
            case when t.user_id is null then (
              select jsonb_build_object('guard', guard, 'time', create_time) from (${guardChangesOf('t.client_id')}) changes
               where create_time > greatest(t.create_time, now() - make_interval(hours => $2)) order by create_time desc limit 1) end as changed,
            ${doubtsAbout('t.client_id')} as doubts,
            (select coalesce(jsonb_agg(debt), '[]') from (${debtsOf('t.client_id')}) debt) as debts
       from application a join money_transaction t on t.transaction_id = a.transaction_id join client c on c.client_id = t.client_id
       join account acc on acc.account_id = t.debit_account_id
      where a.id = ${anyOf(1)}`,
    [requestIds, hours],
  );
  return new Map(rows.map((facts) => [facts.id, inWords(facts)]));
};

const inWords = ({ clientStatus, accountStatus, mayWithdraw, changed, doubts, debts }: Facts): string[] => [
  ...(clientStatus !== null && clientStatus !== 'active' ? [`The client is ${clientStatus}.`] : []),
  ...(accountStatus !== null && accountStatus !== 'active' ? ['The account is not open.'] : []),
  ...(mayWithdraw === false ? [`The account has no right to withdraw.`] : []),
  ...(changed
    ? [`The client's ${CHANGED[changed.guard]} changed after this was ordered: ${minuteOf(new Date(changed.time))}.`]
    : []),
  ...doubts.map((doubt) => `${doubt}.`),
  ...debts.map(
    ({ currency, amount, deposits }) =>
      `The client owes ${amount} ${currency}: it was taken back of deposit ${deposits.join(', ')}, and his wallet did not cover it.`,
  ),
];
