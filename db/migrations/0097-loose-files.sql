-- Files of clients that no row names: put a moment before their row, or left by one that is gone. Whoever keeps or removes a file next removes them too.
create table loose_file (
  storage_key text primary key,
  since timestamptz not null default now()
);
create index on loose_file (since);
