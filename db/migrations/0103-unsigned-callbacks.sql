-- Anybody can send a callback that nothing proves, again and again: what it is about is woken ever more rarely by those.
alter table webhook add column unsigned boolean not null default false;
create table unsigned_wake (
  subject text primary key, -- whose run was woken: 'deposit:7'
  times integer not null,
  last_time timestamptz not null
);
create index on unsigned_wake (last_time);
