-- The run that began it. Any other run that tells it, begun anew or reset in Temporal, first asks the provider what that one may have sent
-- (docs/decisions/0083-a-run-that-was-ended.md). Null in rows of before.
alter table money_transaction add column run_id text;
