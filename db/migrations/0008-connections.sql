-- Connections are changed while the hub runs. What was begun with the settings of before is asked about with those.
alter table connection add column version integer not null default 1; -- of the settings

create table connection_settings (
  connection_id integer not null references connection on delete cascade,
  version integer not null,
  config bytea not null, -- sealed like connection.config
  retired_at timestamptz not null default now(),
  primary key (connection_id, version)
);

-- Which settings something was begun with, by our reference: another account that does not know it proves nothing.
create table settings_used (
  reference text primary key,
  connection_id integer not null references connection on delete cascade,
  version integer not null,
  create_time timestamptz not null default now()
);
create index on settings_used (create_time);
insert into settings_used (reference, connection_id, version)
  select reference, connection_id, 1 from money_transaction where connection_id is not null and process_time is null;
insert into settings_used (reference, connection_id, version) select reference, connection_id, 1 from deposit_address;

-- How each connection fares, as all workers together see it. `open`: nobody calls; `half_open`: one worker tries.
create table connection_health (
  connection_id integer primary key references connection on delete cascade,
  state text not null default 'closed' check (state in ('closed', 'open', 'half_open')),
  since timestamptz not null default now(),
  failures_in_row integer not null default 0,
  trials integer not null default 0, -- pauses since the last call that worked: each is longer than the one before
  paused_until timestamptz, -- open: when to try; closed: the provider asked to slow down until then
  last_error text,
  last_error_type text,
  last_error_at timestamptz,
  last_success_at timestamptz
);

create table connection_minute (
  connection_id integer not null references connection on delete cascade,
  minute timestamptz not null,
  calls integer not null,
  failures integer not null,
  durations integer[] not null, -- calls by the bounds of domain/breaker.ts
  primary key (connection_id, minute)
);
create index on connection_minute (minute);

create index on payment_method (connection_id);
