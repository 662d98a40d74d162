-- What is settled of a transaction that is over when a person says so, named as in settled_payment: he is not asked about it again. Null: nothing is to be remembered.
alter table money_transaction add column asked text;
-- Few need a person; they are counted whenever somebody scrapes.
create index on money_transaction (transaction_id) where needs_human is not null;
