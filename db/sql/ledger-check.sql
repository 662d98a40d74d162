-- Recomputes every ledger invariant from the postings. One row per breach; no row = the books are right.
create or replace function ledger_check() returns table (invariant text, subject text, detail text) language sql stable as $$
  select 'a transfer sums to zero', 'transfer ' || transfer_id, 'sum ' || sum(amount)
    from ledger_posting group by transfer_id having sum(amount) <> 0 or count(*) <> 2
  union all
  select 'a transfer that moves money has postings of its amount', 'transfer ' || t.id, t.kind || ' ' || t.amount
    from ledger_transfer t
    left join ledger_posting f on f.transfer_id = t.id and f.account_id = t.from_account and f.amount = -t.amount
    left join ledger_posting o on o.transfer_id = t.id and o.account_id = t.to_account and o.amount = t.amount
    where t.kind in ('post', 'capture') and (f.transfer_id is null or o.transfer_id is null)
  union all
  select 'a posting belongs to a transfer', 'transfer ' || p.transfer_id, 'posting ' || p.amount
    from ledger_posting p where not exists (select from ledger_transfer t where t.id = p.transfer_id)
  union all
  select 'a transfer belongs to an operation and to accounts that exist', 'transfer ' || t.id, t.operation_key
    from ledger_transfer t
    left join ledger_operation op on op.key = t.operation_key
    left join ledger_account f on f.id = t.from_account
    left join ledger_account o on o.id = t.to_account
    left join ledger_transfer h on h.id = t.settles
    where op.key is null or f.id is null or (t.to_account is not null and o.id is null) or (t.settles is not null and h.id is null)
  union all
  select 'captures and releases settle a hold, posts and captures have a payee', 'transfer ' || id, kind
    from ledger_transfer
    where (kind in ('capture', 'release')) <> (settles is not null) or (kind in ('post', 'capture')) <> (to_account is not null)
  union all
  select 'a hold or release moves nothing', 'transfer ' || p.transfer_id, 'posting ' || p.amount
    from ledger_posting p join ledger_transfer t on t.id = p.transfer_id where t.kind in ('hold', 'release')
  union all
  select 'each currency sums to zero', c.alphabetic_code, 'sum ' || sum(p.amount)
    from ledger_posting p join ledger_account a on a.id = p.account_id join currency c on c.numeric_code = a.currency
    group by c.alphabetic_code having sum(p.amount) <> 0
  union all
  select 'a balance is the sum of its postings', a.code, 'balance ' || a.balance || ', postings ' || coalesce(p.total, 0)
    from ledger_account a left join (select account_id, sum(amount) as total from ledger_posting group by account_id) p on p.account_id = a.id
    where a.balance <> coalesce(p.total, 0)
  union all
  select 'what is held is the sum of open holds', a.code, 'held ' || a.held || ', open holds ' || coalesce(h.total, 0)
    from ledger_account a left join (
      select t.from_account, sum(t.amount) as total from ledger_transfer t
       where t.kind = 'hold' and not exists (select from ledger_transfer s where s.settles = t.id) group by t.from_account) h on h.from_account = a.id
    where a.held <> coalesce(h.total, 0)
  union all
  select 'a hold is settled once, by its own account, for no more than it held', 'transfer ' || s.id, s.kind || ' ' || s.amount || ' of ' || h.amount
    from ledger_transfer s join ledger_transfer h on h.id = s.settles
    where h.kind <> 'hold' or s.from_account <> h.from_account or s.amount > h.amount
       or (select count(*) from ledger_transfer twin where twin.settles = h.id) > 1
  union all
  select 'a client never owes', code, 'available ' || (balance - held) from ledger_account where not may_overdraw and balance < held
  union all
  select 'both sides of a transfer have one currency', 'transfer ' || t.id, f.code || ' → ' || o.code
    from ledger_transfer t join ledger_account f on f.id = t.from_account join ledger_account o on o.id = t.to_account where f.currency <> o.currency
  union all
  select 'an amount fits its currency', 'transfer ' || t.id, t.amount || ' ' || c.alphabetic_code
    from ledger_transfer t join ledger_account a on a.id = t.from_account join currency c on c.numeric_code = a.currency
    where t.amount <> round(t.amount, c.minor_unit)
  union all
  select 'what is over holds nothing', 'transaction ' || m.transaction_id, m.stage
    from money_transaction m join ledger_transfer h on h.operation_key = 'transaction:' || m.transaction_id || ':hold' and h.kind = 'hold'
    where m.process_time is not null and not exists (select from ledger_transfer s where s.settles = h.id)
  union all
  select 'what is done was booked, and nothing else was', 'transaction ' || m.transaction_id, m.type || ' ' || m.stage
    from money_transaction m
    where (m.stage in ('done', 'returned')) <> exists (select from ledger_operation op where op.key in (
      'transaction:' || m.transaction_id || ':credit', 'transaction:' || m.transaction_id || ':capture', 'transaction:' || m.transaction_id || ':book'))
  union all
  select 'what changes currency is booked at its rate', 'transaction ' || m.transaction_id,
         m.amount || ' at ' || coalesce(x.rate::text, 'no rate') || ' is ' || coalesce(x.amount::text, 'nothing') || ', booked ' || b.taken || ' into ' || b.given
    from transaction_exchange x join money_transaction m on m.transaction_id = x.transaction_id join currency c on c.numeric_code = x.currency
    cross join lateral (
      select coalesce(sum(t.amount) filter (where o.kind = 'exchange' and o.currency = m.currency), 0) as taken,
             coalesce(sum(t.amount) filter (where f.kind = 'exchange' and f.currency = x.currency), 0) as given
        from ledger_transfer t join ledger_account f on f.id = t.from_account join ledger_account o on o.id = t.to_account
       where t.operation_key = 'transaction:' || m.transaction_id || ':credit') b
    where m.type = 'deposit' and m.stage in ('done', 'returned')
      and (x.fixed_at is null or x.amount <> trunc(m.amount * x.rate, c.minor_unit) or b.taken <> m.amount or b.given <> x.amount)
  union all
  select 'what changes currency is booked at its rate', 'transaction ' || m.transaction_id,
         m.amount || ' at ' || coalesce(x.rate::text, 'no rate') || ' is ' || coalesce(x.amount::text, 'nothing') || ', booked ' || b.taken || ' into ' || b.given
    from transaction_exchange x join money_transaction m on m.transaction_id = x.transaction_id join currency c on c.numeric_code = x.currency
    cross join lateral (
      select coalesce(sum(t.amount) filter (where o.kind = 'exchange' and o.currency = m.currency), 0)
             - coalesce(sum(t.amount) filter (where f.kind = 'exchange' and f.currency = m.currency), 0) as taken,
             coalesce(sum(t.amount) filter (where f.kind = 'exchange' and f.currency = x.currency), 0) as given
        from ledger_transfer t join ledger_account f on f.id = t.from_account join ledger_account o on o.id = t.to_account
       where t.operation_key = 'transaction:' || m.transaction_id || ':capture') b
    where m.type = 'withdrawal' and m.stage in ('done', 'returned')
      and (x.fixed_at is null or b.given <> x.amount or b.taken > m.amount - m.vendor_commission or trunc(b.taken * x.rate, c.minor_unit) < x.amount)
  union all
  select 'only what changes currency moves the positions', 'transfer ' || t.id, t.operation_key
    from ledger_transfer t join ledger_account a on a.kind = 'exchange' and a.id in (t.from_account, t.to_account)
    where not exists (select from transaction_exchange x where x.transaction_id = coalesce(
      substring(t.operation_key from '^transaction:(\d+):')::integer,
      (select r.transaction_id from deposit_reversal r where r.id = substring(t.operation_key from '^reversal:(\d+):')::integer)))
  union all
  select 'a posting remembers the balance it made', 'transfer ' || transfer_id, a.code || ' balance ' || p.balance || ', running sum ' || p.running
    from (select *, sum(amount) over (partition by account_id order by id) as running from ledger_posting) p
    join ledger_account a on a.id = p.account_id where p.balance <> p.running
$$;
