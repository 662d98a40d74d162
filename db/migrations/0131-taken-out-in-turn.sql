-- Who takes money out of a trading account queues before he asks what there is: two that ask at once would both be told the same money (docs/decisions/0093-what-is-taken-out-is-there.md).
create table taken_out (
  transaction_id integer primary key references money_transaction,
  account_id integer not null references account,
  turn bigint generated always as identity
);
create index on taken_out (account_id, turn);
