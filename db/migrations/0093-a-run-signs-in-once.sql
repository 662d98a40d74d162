-- A sign-in is noted once, however often its run's last step is done.
alter table authorization_record
  add column run_id integer; -- the wizard run that let its client in; null for what no run did
create unique index on authorization_record (run_id) where run_id is not null;
