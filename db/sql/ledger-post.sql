-- Posts one batch of transfers in one round trip.
--
-- p_key       the operation's key: the same key with the same content answers the first result, with other content it is refused
-- p_transfers [{"do":"post","from":code,"to":code,"amount":text} | {"do":"hold","from":code,"amount":text}
--              | {"do":"capture","hold":key,"to":code,"amount":text} | {"do":"release","hold":key}]
--             `hold` names the operation that made the hold. Capturing less than was held gives the rest back.
-- answers     {"replayed":bool,"accounts":{code:{"balance","held","available"}}}
--
-- Codes: LG001 would overdraw · LG002 key used with other content · LG003 unknown account · LG004 currencies differ
--        LG005 more decimals than the currency has · LG006 hold settled already · LG007 unknown hold · LG008 bad amount or word
create or replace function ledger_post(p_key text, p_transfers jsonb) returns jsonb language plpgsql as $$
declare
  v_content jsonb;
  v_codes text[];
  v_transfer jsonb;
  v_position smallint := 0;
  v_do text;
  v_amount numeric;
  v_hold_id bigint;
  v_hold_amount numeric;
  v_from ledger_account;
  v_to ledger_account;
  v_minor smallint;
  v_id bigint;
begin
  -- A twin that is still running makes this insert wait for its end.
  insert into ledger_operation (key, content) values (p_key, p_transfers) on conflict (key) do nothing;
  if not found then
    select content into v_content from ledger_operation where key = p_key;
    if v_content is distinct from p_transfers then
      raise exception 'operation % was posted with other content', p_key using errcode = 'LG002';
    end if;
    return ledger_balances_of(p_key) || '{"replayed": true}';
  end if;

  -- Every account of the batch, holds' accounts too, locked in id order: two batches can never wait for each other.
  select array_agg(distinct code) into v_codes from (
    select t ->> side as code from jsonb_array_elements(p_transfers) t, unnest(array['from', 'to']) side where t ? side
    union all
    select a.code from jsonb_array_elements(p_transfers) t
      join ledger_transfer h on h.operation_key = t ->> 'hold' and h.kind = 'hold'
      join ledger_account a on a.id = h.from_account where t ? 'hold') named;
  perform ledger_open_house_account(named.code) from unnest(v_codes) named(code)
    where named.code ~ '^(provider|house):' and not exists (select from ledger_account a where a.code = named.code);
  perform from ledger_account where code = any (v_codes) order by id for no key update;
  perform set_config('ledger.posting', 'on', true);

  for v_transfer in select * from jsonb_array_elements(p_transfers) loop
    v_do := v_transfer ->> 'do';
    v_amount := (v_transfer ->> 'amount')::numeric;
    v_hold_id := null;
    v_hold_amount := 0;
    if v_do in ('capture', 'release') then
      select h.id, h.amount into v_hold_id, v_hold_amount from ledger_transfer h
        where h.operation_key = v_transfer ->> 'hold' and h.kind = 'hold';
      if not found then
        raise exception 'no hold %', v_transfer ->> 'hold' using errcode = 'LG007';
      end if;
      if exists (select from ledger_transfer where settles = v_hold_id) then
        raise exception 'hold % was settled already', v_transfer ->> 'hold' using errcode = 'LG006';
      end if;
      select a.* into v_from from ledger_account a join ledger_transfer h on h.from_account = a.id where h.id = v_hold_id;
      if v_do = 'release' then
        v_amount := v_hold_amount;
      end if;
      if v_amount > v_hold_amount then
        raise exception 'cannot capture % of a hold of %', v_amount, v_hold_amount using errcode = 'LG008';
      end if;
    elsif v_do in ('post', 'hold') then
      select * into v_from from ledger_account where code = v_transfer ->> 'from';
      if not found then
        raise exception 'no ledger account %', v_transfer ->> 'from' using errcode = 'LG003';
      end if;
    else
      raise exception 'unknown word %', v_do using errcode = 'LG008';
    end if;

    v_to := null;
    if v_do in ('post', 'capture') then
      select * into v_to from ledger_account where code = v_transfer ->> 'to';
      if not found then
        raise exception 'no ledger account %', v_transfer ->> 'to' using errcode = 'LG003';
      end if;
      if v_to.currency <> v_from.currency then
        raise exception '% and % have different currencies', v_from.code, v_to.code using errcode = 'LG004';
      end if;
      if v_to.id = v_from.id then
        raise exception '% cannot pay itself', v_from.code using errcode = 'LG008';
      end if;
    end if;

    if v_amount is null or v_amount <= 0 then
      raise exception 'amount must be positive' using errcode = 'LG008';
    end if;
    select minor_unit into v_minor from currency where numeric_code = v_from.currency;
    if v_amount <> round(v_amount, v_minor) then
      raise exception '% has more than % decimals', trim_scale(v_amount), v_minor using errcode = 'LG005';
    end if;
    if v_do in ('post', 'hold') and not v_from.may_overdraw and v_from.balance - v_from.held < v_amount then
      raise exception '% cannot pay %', v_from.code, trim_scale(v_amount) using errcode = 'LG001';
    end if;

    insert into ledger_transfer (operation_key, position, kind, from_account, to_account, amount, settles)
      values (p_key, v_position, v_do, v_from.id, v_to.id, v_amount, v_hold_id) returning id into v_id;
    v_position := v_position + 1;

    if v_do = 'hold' then
      update ledger_account set held = held + v_amount where id = v_from.id;
    elsif v_do = 'release' then
      update ledger_account set held = held - v_hold_amount where id = v_from.id;
    else
      update ledger_account set balance = balance - v_amount, held = held - v_hold_amount where id = v_from.id;
      update ledger_account set balance = balance + v_amount where id = v_to.id;
      insert into ledger_posting (transfer_id, account_id, amount, balance)
        values (v_id, v_from.id, -v_amount, v_from.balance - v_amount), (v_id, v_to.id, v_amount, v_to.balance + v_amount);
    end if;
  end loop;

  perform set_config('ledger.posting', '', true);
  return ledger_balances_of(p_key) || '{"replayed": false}';
end $$;

-- Balances, as they stand now, of every account an operation touched.
create or replace function ledger_balances_of(p_key text) returns jsonb language sql stable as $$
  select jsonb_build_object('accounts', coalesce(jsonb_object_agg(code, jsonb_build_object(
    'balance', balance::text, 'held', held::text, 'available', (balance - held)::text)), '{}'))
  from ledger_account where id in (
    select unnest(array[from_account, to_account]) from ledger_transfer where operation_key = p_key)
$$;

-- The chart of accounts. Client accounts are opened when the account is; what belongs to the house opens itself on first use.
create or replace function ledger_open_account(p_code text, p_kind text, p_currency integer, p_may_overdraw boolean) returns void language sql as $$
  insert into ledger_account (code, kind, currency, may_overdraw) values (p_code, p_kind, p_currency, p_may_overdraw) on conflict (code) do nothing
$$;

-- 'provider:{connectionId}:clearing|fees:{USD}' and 'house:income|bonus|rounding|suspense:{USD}'
create or replace function ledger_open_house_account(p_code text) returns void language plpgsql as $$
declare
  v_parts text[] := regexp_match(p_code, '^(?:provider:\d+:(clearing|fees)|house:(income|bonus|rounding|suspense)):([A-Z0-9-]+)$');
  v_currency integer;
begin
  select numeric_code into v_currency from currency where alphabetic_code = v_parts[3];
  if v_currency is null then
    raise exception 'no ledger account %', p_code using errcode = 'LG003';
  end if;
  perform ledger_open_account(p_code, coalesce(v_parts[1], v_parts[2]), v_currency, true);
end $$;
