-- What a broker decides for all his clients while the hub runs (config/broker-settings.ts); what is not here has its default.
create table broker_setting (
  name text primary key,
  value jsonb not null,
  update_time timestamptz not null default now()
);
create trigger told after insert or update or delete on broker_setting for each statement execute function tell_change();
