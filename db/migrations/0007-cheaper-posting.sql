-- What a posting costs is mostly what PostgreSQL prepares anew for every statement. A CHECK constraint of a table is parsed again by each
-- statement that writes it, the check of a domain once per connection; and on an update a domain is checked only where the column changes.
create domain ledger_operation_key as text check (length(value) between 1 and 200);
create domain ledger_account_kind as text
  check (value in ('wallet', 'trading', 'clearing', 'fees', 'income', 'bonus', 'rounding', 'suspense'));
create domain ledger_transfer_kind as text check (value in ('post', 'hold', 'capture', 'release'));
create domain ledger_held as numeric(38,18) check (value >= 0);
create domain ledger_transfer_amount as numeric(38,18) check (value > 0);
create domain ledger_posting_amount as numeric(38,18) check (value <> 0);

alter table ledger_operation
  drop constraint ledger_operation_key_check,
  alter key type ledger_operation_key;
alter table ledger_account
  drop constraint ledger_account_kind_check,
  alter kind type ledger_account_kind,
  drop constraint ledger_account_held_check,
  alter held type ledger_held;
-- Which kind of transfer settles a hold and which has a payee (the two checks without a name) is proved by ledger_check(), as the references are.
alter table ledger_transfer
  drop constraint ledger_transfer_check,
  drop constraint ledger_transfer_check1,
  drop constraint ledger_transfer_kind_check,
  alter kind type ledger_transfer_kind,
  drop constraint ledger_transfer_amount_check,
  alter amount type ledger_transfer_amount;
drop index ledger_transfer_from_account_idx; -- nothing asked for the holds of an account

-- Transfers are written before their accounts are locked, so their ids no longer tell the order of an account's postings: these get their own.
alter table ledger_posting
  drop constraint ledger_posting_amount_check,
  alter amount type ledger_posting_amount,
  drop constraint ledger_posting_pkey,
  add column id bigint;
alter table ledger_posting disable trigger append_only;
update ledger_posting p set id = n.id
  from (select transfer_id, account_id, row_number() over (order by transfer_id, account_id) as id from ledger_posting) n
 where p.transfer_id = n.transfer_id and p.account_id = n.account_id;
alter table ledger_posting enable trigger append_only;
alter table ledger_posting
  alter id set not null,
  alter id add generated always as identity,
  add primary key (account_id, id);
select setval(pg_get_serial_sequence('ledger_posting', 'id'), coalesce(max(id), 0) + 1, false) from ledger_posting;
