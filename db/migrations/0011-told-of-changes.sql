-- Processes remember what changes seldom (db/memory.ts). Whoever changes it, they are told: '{table}', or '{table} {key}' where one row concerns one client.
create function tell_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('changed', tg_table_name);
  return null;
end $$;
create function tell_row_change() returns trigger language plpgsql as $$
begin
  perform pg_notify('changed', tg_table_name || ' ' || (to_jsonb(old) ->> tg_argv[0]));
  return null;
end $$;

create trigger told after insert or update or delete on currency for each statement execute function tell_change();
create trigger told after insert or update or delete on platform for each statement execute function tell_change();
create trigger told after insert or update or delete on product_group for each statement execute function tell_change();
create trigger told after insert or update or delete on product for each statement execute function tell_change();
create trigger told after insert or update or delete on product_currency for each statement execute function tell_change();
create trigger told after insert or update or delete on connection for each statement execute function tell_change();
create trigger told after insert or update or delete on payment_method for each statement execute function tell_change();
create trigger told after insert or update or delete on payment_method_currency for each statement execute function tell_change();
create trigger told after insert or update or delete on payment_method_commission for each statement execute function tell_change();
create trigger told after insert or update or delete on user_group for each statement execute function tell_change();
create trigger told after insert or update or delete on hub_user_group for each statement execute function tell_change();
create trigger told after insert or update or delete on hub_user_tag for each statement execute function tell_change();
create trigger told after insert or delete or update of active, mask_data on hub_user for each statement execute function tell_change();

create trigger told after update or delete on account for each row execute function tell_row_change('account_id');
create trigger told after update of status or delete on client for each row execute function tell_row_change('client_id');
create trigger told after update of revoked_at on refresh_token for each row execute function tell_row_change('family');
