-- Of the request that ordered it: its key is kept for ever, so the same key with another request must be told for as long.
alter table money_transaction add column request_fingerprint bytea;
