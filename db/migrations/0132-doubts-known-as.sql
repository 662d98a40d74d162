-- A doubt is settled under one of these references; a look notes them anew. Workers of before name none, and then nothing counts as settled.
alter table payment_doubt add column if not exists known_as text[] not null default '{}';
alter table payment_doubt alter column known_as set default '{}';
update payment_doubt d set known_as = array_remove(array[m.reference, m.provider_data ->> 'arrivalOf'], null)
  from money_transaction m where m.transaction_id = d.transaction_id and d.known_as = '{}';

-- A token that was used up is no sign-in any more: of one that lives one token is unused.
drop trigger tell_of_sign_out on refresh_token;
create trigger tell_of_sign_out after update of revoked_at on refresh_token for each row
  when (old.revoked_at is null and new.revoked_at is not null and new.used_at is null and new.subject like 'client:%')
  execute function tell_of_sign_out();
