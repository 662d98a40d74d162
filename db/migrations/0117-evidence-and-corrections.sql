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
