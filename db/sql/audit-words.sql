-- Whose client an audited object is: 'account:7' belongs to the client of account 7. Null for what is no client's, or not known here: users who see some clients
-- only do not see it.
create or replace function audit_client(object text) returns integer language sql stable as $$
  select case when object !~ '^[a-z-]+:[0-9]{1,9}$' then null else
    case split_part(object, ':', 1)
      when 'client' then split_part(object, ':', 2)::integer
      when 'account' then (select client_id from account where account_id = split_part(object, ':', 2)::integer)
      when 'transaction' then (select client_id from money_transaction where transaction_id = split_part(object, ':', 2)::integer)
      when 'request' then (select client_id from application where id = split_part(object, ':', 2)::integer)
      when 'document' then (select client_id from client_document where document_id = split_part(object, ':', 2)::integer)
      when 'verification-case' then (select client_id from kyc_case where id = split_part(object, ':', 2)::integer)
      when 'deposit-address' then (select client_id from deposit_address where id = split_part(object, ':', 2)::integer)
      when 'wizard-run' then (select client_id from wizard_run where id = split_part(object, ':', 2)::integer)
    end end
$$;

-- B2Core's event categories (b2core 6.12, Logs), and ours for the rest.
create or replace function audit_category(object text) returns text language sql immutable as $$
  select case
    when split_part(object, ':', 1) in ('client', 'clients', 'document', 'verification-case', 'wizard-run', 'address', 'phone') then 'client'
    when split_part(object, ':', 1) in ('transaction', 'request', 'account', 'deposit-address', 'difference', 'reconciliation') then 'operation'
    else 'system' end
$$;

-- ADD, UPDATE, DELETE, by the last word of 'tags.create'.
create or replace function audit_kind(action text) returns text language sql immutable as $$
  select case regexp_replace(action, '^.*\.', '')
    when 'create' then 'ADD' when 'opened' then 'ADD' when 'created' then 'ADD'
    when 'delete' then 'DELETE' when 'deleted' then 'DELETE'
    else 'UPDATE' end
$$;
