-- What was approved before its client had the level got no date, and would never have ended: the hub looks at it again and finds the date.
update kyc_case set next_look = now() where state = 'approved' and valid_until is not null and next_look is null;
