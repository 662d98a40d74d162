-- As of orders: their keys are kept for ever, so the same key with another request must be told for as long.
alter table account add column request_fingerprint bytea; -- of the request that opened it
alter table account_change add column request_fingerprint bytea;
