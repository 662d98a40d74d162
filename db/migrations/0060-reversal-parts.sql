-- Nobody is given money because a payment was taken back. Not looked for in what is written already: a person settles that.
alter table deposit_reversal add constraint deposit_reversal_parts
  check (from_client >= 0 and from_income >= 0 and from_suspense >= 0) not valid;
