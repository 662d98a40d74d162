-- What a person decides about, or what ends, is the provider's last verdict. Its number is kept apart from that of the attempt: while a newer one is being checked, it is another.
alter table kyc_case add column verdict_attempt integer; -- of the provider's last verdict
update kyc_case set verdict_attempt = case when state in ('checking', 'on_hold') then greatest(attempt - 1, settled_attempt) else attempt end where connection_id is not null;
-- What was settled while it was being checked was not it.
update kyc_case set settled_attempt = attempt - 1, verdict_attempt = attempt - 1 where state in ('checking', 'on_hold') and settled_attempt >= attempt and attempt > 0;
