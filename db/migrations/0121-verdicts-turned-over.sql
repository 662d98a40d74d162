-- A provider may turn its verdict about the same documents over: what it said last, and what it had said when a person dealt with that, are two things.
alter table kyc_case
  add column verdict text, -- the provider's last one: 'approved', 'retry', 'rejected'
  add column settled_verdict text; -- the one that was dealt with; null: whatever it was
update kyc_case set verdict = state where verdict_attempt is not null and state in ('approved', 'retry', 'rejected');
-- Who was refused by the provider and by a person may be approved after all.
update kyc_case set settled_verdict = 'rejected' where state = 'rejected' and settled_attempt >= attempt;
-- What is worked on is looked after from now on: its run may have been ended.
update kyc_case k set next_look = least(next_look, now() + interval '1 hour')
 where state in ('checking', 'on_hold') or exists (select from application a where a.kyc_case_id = k.id and a.status_id in (0, 3));
