-- Where the audit chain ends: '{number}:{hash}', sealed with CONFIG_KEYS, so that whoever can write this database and has no key cannot shorten or rewrite the chain
-- and make its end fit (db/repositories/audit-chain.ts). Moved on with each sealing.
create table audit_head (
  id integer primary key default 1 check (id = 1),
  sealed bytea not null
);
create trigger keep before delete or truncate on audit_head for each statement execute function refuse_change();

create index on audit (actor, id);
create index on audit (create_time);
