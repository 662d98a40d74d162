import type { Amount } from '../../domain/money.ts';
import type { Stage } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';
import { givenBack } from './refunds.ts';

/** A deposit whose money stands in the books. */
export interface CreditedDeposit {
  transactionId: number;
  reference: string;
  stage: Stage;
  accountId: number;
  connectionId: number;
  /** Of the payment. */
  currency: { alphabeticCode: string; minorUnit: number };
  amount: Amount;
  /** Set when it was credited in another currency: at which rate. */
  exchange: { currency: { alphabeticCode: string; minorUnit: number }; rate: Amount; amount: Amount } | null;
  /** What the client got of it, and what the broker did; in the account's currency, as all that was taken from somebody. */
  net: Amount;
  fee: Amount;
  /** The provider's ids of the payments it is the sum of. */
  credited: string[];
  /** Of these, the ones that were taken back. */
  undone: string[];
  /** The provider's ids of refunds by our own order. */
  refunds: string[];
  /** With what was refunded by our own order. */
  taken: Amount;
  takenFromClient: Amount;
  takenFromIncome: Amount;
  takenFromSuspense: Amount;
}

const CREDITED = `t.type = 'deposit' and t.stage in ('done', 'returned') and (t.reference = $1 or t.provider_data ->> 'arrivalOf' = $1)`;

/** Every credited deposit a provider's object led to: the ordered one first, then those of payments that came on their own. Locked. */
export const creditedDeposits = async (db: Queryable, reference: string): Promise<CreditedDeposit[]> => {
  // First alone: a statement that waits for a row sums what was taken before it waited.
  await db.query(`select from money_transaction t where ${CREDITED} order by t.transaction_id for update`, [reference]);
  const { rows } = await db.query<CreditedDeposit>(
    `select t.transaction_id as "transactionId", t.reference, t.stage, t.credit_account_id as "accountId", t.connection_id as "connectionId",
            jsonb_build_object('alphabeticCode', c.alphabetic_code, 'minorUnit', c.minor_unit) as currency,
            trim_scale(t.amount)::text as amount, trim_scale(coalesce(t.final_amount, 0))::text as net, trim_scale(t.vendor_commission)::text as fee,
            case when x.transaction_id is not null then jsonb_build_object('currency', jsonb_build_object('alphabeticCode', xc.alphabetic_code, 'minorUnit', xc.minor_unit),
              'rate', trim_scale(x.rate)::text, 'amount', trim_scale(x.amount)::text) end as exchange,
            array(select jsonb_array_elements_text(t.provider_data -> 'credited')) as credited,
            array(select substr(r.provider_id, 9) from deposit_reversal r where r.transaction_id = t.transaction_id and r.booked and r.provider_id like 'payment:%') as undone,
            array(select r.provider_id from money_transaction r where r.parent_id = t.transaction_id and r.type = 'withdrawal' and r.provider_id is not null) as refunds,
            taken.amount as taken, taken.client as "takenFromClient", taken.income as "takenFromIncome", taken.suspense as "takenFromSuspense"
       from money_transaction t join currency c on c.numeric_code = t.currency
       left join transaction_exchange x on x.transaction_id = t.transaction_id left join currency xc on xc.numeric_code = x.currency
       cross join lateral (
         select coalesce(sum(${givenBack('r')}), 0) as amount from money_transaction r
          where r.parent_id = t.transaction_id and r.type = 'withdrawal' and r.stage in ('done', 'returned')) refunded
       cross join lateral (
         select trim_scale(coalesce(sum(amount), 0) + refunded.amount)::text as amount,
                trim_scale(coalesce(sum(from_client), 0) + refunded.amount)::text as client,
                trim_scale(coalesce(sum(from_income), 0))::text as income, trim_scale(coalesce(sum(from_suspense), 0))::text as suspense
           from deposit_reversal r where r.transaction_id = t.transaction_id and r.booked) taken
      where ${CREDITED} order by t.reference <> $1, t.transaction_id`,
    [reference],
  );
  return rows;
};

/** What of a deposit does not come back any more: with what was refunded by our own order, without disputes that may be won. */
export const goneForGood = async (db: Queryable, transactionId: number): Promise<Amount> => {
  const { rows } = await db.query<{ amount: Amount }>(
    `select trim_scale(coalesce(sum(amount), 0))::text as amount from (
       select amount from deposit_reversal where transaction_id = $1 and booked and state = 'done'
       union all select ${givenBack('r')} from money_transaction r where parent_id = $1 and type = 'withdrawal' and stage in ('done', 'returned')) gone`,
    [transactionId],
  );
  return rows[0]!.amount;
};

export interface ReversalRow {
  id: number;
  kind: string;
  state: 'open' | 'done' | 'undone';
  amount: Amount;
  booked: boolean;
  turns: number;
  fromClient: Amount;
  fromIncome: Amount;
  fromSuspense: Amount;
}

/** What the provider says of it now. The amount of one that is booked stays what the books hold, until that is given back. */
export const keepReversal = async (
  db: Queryable,
  transactionId: number,
  connectionId: number,
  { id, kind, state, amount }: { id: string; kind: string; state: string; amount: Amount },
): Promise<ReversalRow> => {
  const { rows } = await db.query<ReversalRow>(
    `insert into deposit_reversal (transaction_id, connection_id, provider_id, kind, state, amount) values ($1, $2, $3, $4, $5, $6)
     on conflict (connection_id, provider_id) do update set state = excluded.state, update_time = now(),
       amount = case when deposit_reversal.booked then deposit_reversal.amount else excluded.amount end
     returning id, kind, state, trim_scale(amount)::text as amount, booked, turns, trim_scale(from_client)::text as "fromClient",
               trim_scale(from_income)::text as "fromIncome", trim_scale(from_suspense)::text as "fromSuspense"`,
    [transactionId, connectionId, id, kind, state, amount],
  );
  return rows[0]!;
};

/** In the transaction that posts. */
export const noteBooked = async (
  db: Queryable,
  id: number,
  booked: boolean,
  parts: { fromClient: Amount; fromIncome: Amount; fromSuspense: Amount },
): Promise<void> => {
  await db.query(
    `update deposit_reversal set booked = $2, turns = turns + 1, from_client = $3, from_income = $4, from_suspense = $5, update_time = now() where id = $1`,
    [id, booked, parts.fromClient, parts.fromIncome, parts.fromSuspense],
  );
};
