-- What the calendar does to a verification: how long a client may take, how long what was approved is good, and when the hub acts by itself.
alter table verification_level rename column reminder_days to remind_after_days;
alter table verification_level alter column remind_after_days set default '{3,10}'; -- days since it is the client's turn
update verification_level set remind_after_days = default where remind_after_days = '{}';
alter table verification_level
  add column remind_before_days integer[] not null default '{30,7,1}', -- days before what was approved ends
  add column on_expiry text not null default 'request' check (on_expiry in ('request', 'levelDown'));

alter table client_document add column valid_until date; -- its last day

alter table kyc_case
  add column approved_at timestamptz,
  add column client_since timestamptz, -- since when it is the client's turn; null: it is not, or he has not begun
  add column reminders integer not null default 0, -- how many of this turn, or of the end that comes, are behind us
  add column next_look timestamptz; -- when the next date comes
create index on kyc_case (next_look) where next_look is not null;
update kyc_case set approved_at = coalesce(update_time, create_time) where state = 'approved';
-- Cases of before get their dates with their next look.
update kyc_case set client_since = coalesce(update_time, create_time) where state in ('open', 'retry');
update kyc_case set next_look = now() where client_since is not null or valid_until is not null;
