-- The run that began it, as money_transaction has it: any other one, begun anew or reset in Temporal, asks the platform before it does anything there
-- (docs/decisions/0086-begun-anew.md). Null in rows of before.
alter table account add column run_id text;
alter table account_change add column run_id text;
