-- The blocks of the sign-in guard, for operators (objects-back-office 2.6). The guard itself knows marks only; whom a block concerns is beside them since 0051.
alter table sign_in_guard add column id integer generated always as identity unique;
alter table sign_in_guard add column blocked_at timestamptz;

create function note_block() returns trigger language plpgsql as $$
begin
  new.blocked_at := now();
  return new;
end $$;
create trigger note_block before update of blocked_until on sign_in_guard for each row
  when (new.blocked_until is distinct from old.blocked_until) execute function note_block();

create view blocked_client as
  select g.id, g.client_id, c.email as client_email, g.address as ip, coalesce(g.blocked_at, g.update_time) as create_time, g.blocked_until as expire_time,
         null::timestamptz as update_time
    from sign_in_guard g join client c on c.client_id = g.client_id
   where g.blocked_until > now();
