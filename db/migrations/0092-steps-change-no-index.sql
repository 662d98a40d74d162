-- Each step changes when its run expires: with an index on that, every one of them wrote to all indexes of the table. When a run was made never changes, and finds
-- what is old enough to be dropped as well.
drop index wizard_run_expires_at_idx;
create index on wizard_run (create_time);
alter table wizard_run set (fillfactor = 80);
