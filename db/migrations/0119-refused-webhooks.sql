-- Counted whenever somebody scrapes.
create index on webhook (create_time) where status = 'rejected' and reason = 'bad_signature';
