-- What a decision was given on, beside its words: whoever says it again with other evidence says something else.
alter table application_decision
  add column bank_reference text,
  add column value_date date,
  add constraint application_decision_evidence check ((bank_reference is null) = (value_date is null));

-- Both were written in one transaction, at the same `now()`.
update application_decision d set bank_reference = e.bank_reference, value_date = e.value_date
  from application a join bank_evidence e on e.transaction_id = a.transaction_id or e.difference_id = a.difference_id
 where a.id = d.application_id and e.user_id = d.user_id and e.create_time = d.create_time;

create index on bank_evidence (transaction_id);

-- A transfer with one side: a client's wallet put right against the broker's own books (docs/decisions/0081-corrections-by-hand.md).
create table correction (
  transaction_id integer primary key references money_transaction,
  against text not null check (against ~ '^(house:suspense|provider:\d+:clearing):[A-Z0-9-]+$'), -- the ledger's account
  reason text not null, -- for operators
  settles integer references money_transaction -- what it puts right
);
create index on correction (settles);
