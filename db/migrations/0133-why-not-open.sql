-- Why an account was not opened, as its operators read it. Workers of before note nothing, nor is it known of accounts of before.
alter table account
  add column failure_reason text, -- 'cancelled': given up
  add column failure_issue text;
