-- Payments that deposits were credited with, and that their provider does not call confirmed any more: as long as that lasts, whatever else is asked about the deposit.
create table payment_doubt (
  transaction_id integer not null references money_transaction,
  payment text not null, -- the provider's id
  why text not null, -- in words, for whoever approves a payout of the client meanwhile
  create_time timestamptz not null default now(),
  primary key (transaction_id, payment)
);
