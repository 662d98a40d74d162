-- Each step changes when its run expires: with a sorted index there, every one of them wrote to all indexes of the table. Both columns grow with the table,
-- which is what block ranges are for, and a change of one is a change of the row alone.
drop index wizard_run_expires_at_idx;
create index on wizard_run using brin (expires_at) with (autosummarize = on);
alter table wizard_run set (fillfactor = 80);

-- The sweep looks for the last hour, in a table that only grows.
drop index wizard_input_create_time_idx;
create index on wizard_input using brin (create_time) with (autosummarize = on);
