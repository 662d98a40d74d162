-- What a client may do whatever his level says: {"withdrawals": false}; null = as his level says.
alter table client add column explicit_rights jsonb;
drop trigger told on client;
create trigger told after update of status, verification_level_id, explicit_rights or delete on client for each row execute function tell_row_change('client_id');
