-- The sweep looks for them: of those here only clients who lost the level remain.
create index on kyc_case (client_id) where state = 'approved' and valid_until is not null and next_look is null;
