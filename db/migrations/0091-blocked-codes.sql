-- Too many wrong codes block a client too: operators see it, and may unblock him.
alter table sign_in_guard add column of_codes boolean not null default false;

create or replace view blocked_client as
  select g.id, g.client_id, c.email as client_email, g.address as ip, coalesce(g.blocked_at, g.update_time) as create_time, g.blocked_until as expire_time,
         null::timestamptz as update_time, g.of_codes
    from sign_in_guard g join client c on c.client_id = g.client_id
   where g.blocked_until > now();
