-- What proves that money moved outside the hub. A bank's reference is used once: the same statement line never pays two deposits.
create table bank_evidence (
  connection_id integer not null references connection,
  bank_reference text not null,
  value_date date not null,
  transaction_id integer not null references money_transaction,
  user_id integer not null references hub_user,
  create_time timestamptz not null default now(),
  primary key (connection_id, bank_reference)
);
