import type { Amount } from '../../domain/money.ts';
import { NOT_MOVED } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';

/** What our books hold of a payout, in the currency of its provider. All zero for one that was never booked. */
export interface PayoutBooks {
  /** Left through the provider, without what it charged for it. */
  paid: Amount;
  /** Of that, more than was ordered: nobody is charged for it. */
  tooMuch: Amount;
  /** Came back, in how many parts, and how much of it the broker was given for what he had not charged. */
  back: Amount;
  parts: number;
  backToBroker: Amount;
  /** What the client was given of it, in the currency of his account. */
  given: Amount;
  /** Corrections that settle it, but for those that came to nothing: people have their hands in it. */
  corrections: number[];
}

export const payoutBooks = async (db: Queryable, transactionId: number): Promise<PayoutBooks> => {
  const { rows } = await db.query<PayoutBooks>(
    `with keys as (select 'transaction:' || $1::integer || ':capture' as capture, payout_return_keys($1) as returns),
          moved as (
            select x.amount, x.operation_key = keys.capture as went, f.kind as payer, o.kind as payee
              from keys join ledger_transfer x on x.operation_key = any (keys.returns || keys.capture)
              join ledger_account f on f.id = x.from_account join ledger_account o on o.id = x.to_account)
     select trim_scale(coalesce(sum(case when payee = 'clearing' then amount else -amount end)
                                  filter (where went and 'clearing' in (payer, payee) and payer <> 'fees'), 0))::text as paid,
            trim_scale(coalesce(sum(amount) filter (where went and payer = 'suspense'), 0))::text as "tooMuch",
            trim_scale(coalesce(sum(amount) filter (where not went and payer = 'clearing'), 0))::text as back,
            trim_scale(coalesce(sum(amount) filter (where not went and payee = 'suspense'), 0))::text as "backToBroker",
            trim_scale(coalesce(sum(amount) filter (where not went and payee = 'wallet'), 0))::text as given,
            (select cardinality(returns) from keys) as parts,
            array(select m.transaction_id from correction k join money_transaction m on m.transaction_id = k.transaction_id
                   where k.settles = $1 and m.stage <> all ($2) order by 1) as corrections
       from moved`,
    [transactionId, NOT_MOVED],
  );
  return rows[0]!;
};
