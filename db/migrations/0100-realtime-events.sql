-- What clients' apps are told while they listen: that something of theirs is another than before, and not what it holds, which is read when it is told.
-- Written with the change itself, so that nothing is told that was not committed, and nothing committed is left untold.
create table realtime_event (
  xact xid8 not null default pg_current_xact_id(), -- numbers are given before transactions end: whoever reads on waits for those before
  id bigint not null generated always as identity,
  channel text not null, -- 'client:7', 'qr:{uuid}'
  kind text not null check (kind in ('transaction', 'account', 'request', 'level', 'qr', 'rights')),
  about text not null, -- which one
  status text, -- the one it has now, where it has one
  create_time timestamptz not null default now(),
  primary key (xact, id)
);
create index on realtime_event (channel);
create index on realtime_event (create_time);

create function tell_of_transaction() returns trigger language plpgsql as $$
begin
  if new.status <> 'new' then
    insert into realtime_event (channel, kind, about, status) values ('client:' || new.client_id, 'transaction', new.transaction_id, new.status);
  end if;
  return null;
end $$;
create function tell_of_reversal() returns trigger language plpgsql as $$
begin
  insert into realtime_event (channel, kind, about, status)
  select 'client:' || client_id, 'transaction', transaction_id, status from money_transaction where transaction_id = new.transaction_id;
  return null;
end $$;
create function tell_of_account() returns trigger language plpgsql as $$
begin
  insert into realtime_event (channel, kind, about) values ('client:' || new.client_id, 'account', new.account_id);
  return null;
end $$;
create function tell_of_request() returns trigger language plpgsql as $$
begin
  if new.client_id is not null and new.purpose = 'approval' then
    insert into realtime_event (channel, kind, about, status) values ('client:' || new.client_id, 'request', new.id, new.status_id);
  end if;
  return null;
end $$;
create function tell_of_sign_out() returns trigger language plpgsql as $$
begin
  insert into realtime_event (channel, kind, about) values (new.subject, 'rights', new.family);
  return null;
end $$;
create function tell_of_client() returns trigger language plpgsql as $$
begin
  if new.status is distinct from old.status then
    insert into realtime_event (channel, kind, about) values ('client:' || new.client_id, 'rights', new.client_id);
  end if;
  if new.verification_level_id is distinct from old.verification_level_id then
    insert into realtime_event (channel, kind, about) values ('client:' || new.client_id, 'level', new.verification_level_id);
  end if;
  return null;
end $$;
create function tell_of_channel() returns trigger language plpgsql as $$
begin
  if old.client_id is null and new.client_id is not null then
    insert into realtime_event (channel, kind, about) values ('qr:' || new.id, 'qr', new.id);
  end if;
  return null;
end $$;

create trigger tell_of_transaction after insert on money_transaction for each row execute function tell_of_transaction();
create trigger tell_of_new_status after update on money_transaction for each row
  when (old.status is distinct from new.status or (new.stage = 'returned' and old.update_time is distinct from new.update_time)) -- in parts
  execute function tell_of_transaction();
create trigger tell_of_reversal after insert or update of booked, from_client on deposit_reversal for each row execute function tell_of_reversal();
create trigger tell_of_account after insert or update on account for each row execute function tell_of_account();
create trigger tell_of_request after insert on application for each row execute function tell_of_request();
create trigger tell_of_decision after update of status_id on application for each row when (old.status_id is distinct from new.status_id) execute function tell_of_request();
create trigger tell_of_client after update of verification_level_id, status on client for each row execute function tell_of_client();
create trigger tell_of_sign_out after update of revoked_at on refresh_token for each row
  when (old.revoked_at is null and new.revoked_at is not null and new.subject like 'client:%') execute function tell_of_sign_out();
create trigger tell_of_channel after update of client_id on qr_channel for each row execute function tell_of_channel();
