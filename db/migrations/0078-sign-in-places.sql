-- Where somebody has signed in from: there a block that others caused does not hold him up. Keyed hashes of networks, never addresses.
create table sign_in_place (
  subject text not null, -- 'client:7', 'user:7'
  mark bytea not null,
  last_at timestamptz not null default now(),
  primary key (subject, mark)
);
create index on sign_in_place (last_at);

alter table sign_in_guard
  add column user_id integer references hub_user on delete cascade,
  add column forget_at timestamptz not null default now() + interval '2 days'; -- of no use after that
create index on sign_in_guard (user_id);
create index on sign_in_guard (forget_at);
