-- Names that wait for an operator keep nobody from confirming another phone: one change of a kind waits at a time, not one of a type of request.
drop index one_open_change_request;
create unique index one_waiting_change on client_change (client_id, kind) where state = 'waiting';
