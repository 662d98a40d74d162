-- The picture a client shows of himself; the file lies where his documents lie.
create table client_photo (
  client_id integer primary key references client on delete cascade,
  mime_type text not null,
  size integer not null,
  storage_key text not null unique,
  user_id integer references hub_user, -- the operator who put it in; null = the client
  create_time timestamptz not null default now()
);
create index on client_photo (user_id);
