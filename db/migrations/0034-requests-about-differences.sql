-- A request may be about a difference between two books. It may concern no client.
alter table application
  alter client_id drop not null,
  add column difference_id integer references reconciliation_difference,
  drop constraint application_type_check,
  drop constraint application_purpose_check,
  drop constraint application_check;
alter table application
  add constraint application_type_check check (type in ('account', 'address', 'archive', 'clientType', 'deposit', 'document', 'external', 'investment',
    'partner', 'profile', 'transfer', 'verification', 'withdrawal', 'avatar', 'exchange', 'internalTransfer', 'quiz', 'deleteAccount', 'reconciliation')),
  add constraint application_purpose_check check (purpose in ('approval', 'assistance', 'review', 'repair', 'difference')),
  add constraint application_about_one_thing check (num_nonnulls(transaction_id, kyc_case_id, difference_id) <= 1),
  add constraint application_of_a_client check (client_id is not null or difference_id is not null);
create unique index one_open_difference_request on application (difference_id) where status_id in (0, 3);

-- A bank's line may also prove how a difference was settled; it still proves one thing only.
alter table bank_evidence
  alter transaction_id drop not null,
  add column difference_id integer references reconciliation_difference,
  add constraint bank_evidence_proves_one_thing check (num_nonnulls(transaction_id, difference_id) = 1);
