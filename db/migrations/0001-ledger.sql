-- The ledger: the only place where a client balance changes. Balance of an account = what came in − what went out,
-- so a wallet is positive when the broker owes the client, and a provider's clearing is negative when the provider owes us.

create table currency (
  numeric_code integer primary key,
  alphabetic_code text not null unique check (alphabetic_code ~ '^[A-Z0-9][A-Z0-9-]{1,15}$'),
  name text not null,
  minor_unit smallint not null check (minor_unit between 0 and 18),
  enabled boolean not null default true,
  has_destination_tag_or_memo boolean not null default false,
  priority integer not null default 0,
  icon text,
  resources jsonb not null default '[]',
  create_time timestamptz not null default now(),
  update_time timestamptz
);

create table ledger_account (
  id bigint generated always as identity primary key,
  code text not null unique,
  kind text not null check (kind in ('wallet', 'trading', 'clearing', 'fees', 'income', 'bonus', 'rounding', 'suspense')),
  currency integer not null references currency,
  may_overdraw boolean not null,
  balance numeric(38,18) not null default 0,
  held numeric(38,18) not null default 0 check (held >= 0),
  create_time timestamptz not null default now(),
  constraint no_overdraft check (may_overdraw or balance >= held)
);

-- One row per business operation. The key makes a repeat harmless; the content tells a repeat from a clash.
create table ledger_operation (
  key text primary key check (length(key) between 1 and 200),
  content jsonb not null,
  create_time timestamptz not null default now()
);

create sequence ledger_transfer_id;

-- No foreign keys here and below: only the posting function may write (trigger `by_posting_only`), it has just looked the rows up, and
-- checking them again would take a third of its time. ledger_check() proves the references.
create table ledger_transfer (
  id bigint primary key default nextval('ledger_transfer_id'),
  operation_key text not null,
  position smallint not null,
  kind text not null check (kind in ('post', 'hold', 'capture', 'release')),
  from_account bigint not null,
  to_account bigint,
  amount numeric(38,18) not null check (amount > 0),
  settles bigint, -- the hold it ends
  create_time timestamptz not null default now(),
  unique (operation_key, position),
  check ((kind in ('capture', 'release')) = (settles is not null)),
  check ((kind in ('post', 'capture')) = (to_account is not null))
);
-- A hold is captured or released once, whatever the code does.
create unique index on ledger_transfer (settles) where settles is not null;
create index on ledger_transfer (from_account) where kind = 'hold';

create table ledger_posting (
  transfer_id bigint not null,
  account_id bigint not null,
  amount numeric(38,18) not null check (amount <> 0),
  balance numeric(38,18) not null, -- of the account, after this posting
  create_time timestamptz not null default now(),
  primary key (account_id, transfer_id)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'LG000';
end $$;

create trigger append_only before update or delete or truncate on ledger_operation for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on ledger_transfer for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on ledger_posting for each statement execute function refuse_change();
create function refuse_direct_write() returns trigger language plpgsql as $$
begin
  raise exception '% is written by ledger_post() only', tg_table_name using errcode = 'LG000';
end $$;
create trigger by_posting_only before insert on ledger_transfer for each statement
  when (current_setting('ledger.posting', true) is distinct from 'on') execute function refuse_direct_write();
create trigger by_posting_only before insert on ledger_posting for each statement
  when (current_setting('ledger.posting', true) is distinct from 'on') execute function refuse_direct_write();

create trigger keep_accounts before delete or truncate on ledger_account for each statement execute function refuse_change();

-- An account's identity never changes, and its amounts change only inside the posting function.
create function guard_ledger_account() returns trigger language plpgsql as $$
begin
  if (new.id, new.code, new.kind, new.currency, new.may_overdraw) is distinct from (old.id, old.code, old.kind, old.currency, old.may_overdraw) then
    raise exception 'ledger account % cannot be changed', old.code using errcode = 'LG000';
  end if;
  if (new.balance, new.held) is distinct from (old.balance, old.held) then
    raise exception 'the balance of % changes only by posting', old.code using errcode = 'LG000';
  end if;
  return new;
end $$;
create trigger guard before update on ledger_account for each row
  when (current_setting('ledger.posting', true) is distinct from 'on') execute function guard_ledger_account();
