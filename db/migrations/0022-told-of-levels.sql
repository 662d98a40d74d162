-- What a client may do depends on the verification level and its role.
create trigger told after insert or update or delete on verification_level for each statement execute function tell_change();
create trigger told after insert or update or delete on client_role for each statement execute function tell_change();
drop trigger told on client;
create trigger told after update of status, verification_level_id or delete on client for each row execute function tell_row_change('client_id');
