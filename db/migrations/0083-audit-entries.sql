-- The audit as operators look at it; whom an object belongs to and what kind of change it was are read off its words (db/sql/audit-words.sql).
-- Stand-ins, so that the view can be made: db/sql lays the real ones.
create function audit_client(object text) returns integer language sql stable as $$ select null::integer $$;
create function audit_category(object text) returns text language sql immutable as $$ select null::text $$;
create function audit_kind(action text) returns text language sql immutable as $$ select null::text $$;

create view audit_entry as
  select id, seq, actor, action as name, audit_kind(action) as action, audit_category(object) as category, object, audit_client(object) as client_id, before, after,
         workflow_id, request_id, create_time, null::timestamptz as update_time
    from audit;
