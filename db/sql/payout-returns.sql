-- The operations that booked what came back of a payout, a part each: 'transaction:7:return', 'transaction:7:return:2', … Found by their keys one after the other: the
-- ledger knows all of them, whoever booked them.
create or replace function payout_return_keys(transaction_id integer) returns text[] language sql stable as $$
  with recursive part (n, key) as (
    select 1, 'transaction:' || payout_return_keys.transaction_id || ':return'
    union all
    select n + 1, 'transaction:' || payout_return_keys.transaction_id || ':return:' || n + 1 from part
     where exists (select from ledger_operation o where o.key = part.key))
  -- The last one is the next part's, which is not there yet.
  select coalesce(array_agg(key order by n) filter (where n < (select max(n) from part)), '{}') from part
$$;

-- What came back of a payout, in the currency of its provider.
create or replace function payout_came_back(transaction_id integer) returns numeric language sql stable as $$
  select coalesce(sum(x.amount), 0) from ledger_transfer x join ledger_account a on a.id = x.from_account
   where x.operation_key = any (payout_return_keys(payout_came_back.transaction_id)) and a.kind = 'clearing'
$$;
