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
--
-- Order of locks, the same for every batch: its key, the holds it settles, the accounts it opens, the clients' accounts, then those that may
-- be overdrawn. These are the hot ones (a provider's clearing is touched by all its payments): locked last, they are held for the shortest time.
create or replace function ledger_post(p_key text, p_transfers jsonb) returns jsonb language plpgsql
  set ledger.posting = 'on' -- opens the guards of the tables for as long as this function runs
  set plan_cache_mode = force_generic_plan -- planning costs more than running: every statement goes by unique keys, whatever the values
as $$
declare
  v_content jsonb;
  v_transfer jsonb;
  v_do text;
  v_amount numeric;
  v_id bigint;
  v_hold_id bigint;
  v_hold_amount numeric;
  v_codes text[] := '{}';
  v_holds text[];
  v_balance numeric;
  v_held numeric;
  p integer; -- a posting's place in the arrays
  f integer; -- the payer's place in the arrays
  o integer; -- the payee's
  -- the accounts of the batch, side by side, in the order they are locked
  a_id bigint[];
  a_code text[];
  a_currency integer[];
  a_minor smallint[];
  a_moved numeric[]; -- what the batch moves in, less what it moves out
  a_held numeric[]; -- what it holds, less what it settles
  a_needed numeric[]; -- what must be available before it, so that none of its transfers overdraws
  -- its postings, side by side
  p_transfer bigint[];
  p_place integer[] := '{}'; -- of the account in the arrays above
  p_amount numeric[];
  p_moved numeric[]; -- of the account, up to and with this posting
  v_answer jsonb := '{}';
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

  -- 1. Which accounts? Only what never changes of an account is read here, so none is locked yet.
  for i in 0 .. jsonb_array_length(p_transfers) - 1 loop
    v_transfer := p_transfers -> i;
    v_codes := v_codes || (v_transfer ->> 'from') || (v_transfer ->> 'to');
    v_holds := v_holds || (v_transfer ->> 'hold');
  end loop;
  v_codes := array_remove(v_codes, null);
  v_holds := array_remove(v_holds, null);
  if v_holds <> '{}' then
    -- Of many that settle one hold the others wait here for the first one's end.
    v_codes := v_codes || array(
      select a.code from ledger_account a join (
        select from_account from ledger_transfer where operation_key = any (v_holds) and kind = 'hold' order by id for no key update
      ) h on h.from_account = a.id);
  end if;
  loop
    select coalesce(array_agg(id), '{}'), coalesce(array_agg(code), '{}'), array_agg(currency), array_agg(minor_unit)
      into a_id, a_code, a_currency, a_minor
      from (select a.id, a.code, a.currency, c.minor_unit from ledger_account a join currency c on c.numeric_code = a.currency
             where a.code = any (v_codes) order by a.may_overdraw, a.id) wanted;
    exit when v_codes <@ a_code;
    -- The house's and the providers' accounts open themselves on first use; any other code is refused here.
    perform ledger_open_house_account(code) from (select distinct unnest(v_codes) as code order by code) wanted where code <> all (a_code);
  end loop;

  -- 2. Each transfer is judged, written, and added to what the batch does to its accounts.
  a_moved := array_fill(0::numeric, array[cardinality(a_id)]);
  a_held := a_moved;
  a_needed := a_moved;
  for i in 0 .. jsonb_array_length(p_transfers) - 1 loop
    v_transfer := p_transfers -> i;
    v_do := v_transfer ->> 'do';
    v_amount := (v_transfer ->> 'amount')::numeric;
    v_hold_id := null;
    o := null;
    if v_do in ('capture', 'release') then
      select h.id, h.amount, array_position(a_id, h.from_account) into v_hold_id, v_hold_amount, f
        from ledger_transfer h where h.operation_key = v_transfer ->> 'hold' and h.kind = 'hold';
      if not found then
        raise exception 'no hold %', v_transfer ->> 'hold' using errcode = 'LG007';
      end if;
      if exists (select from ledger_transfer where settles = v_hold_id) then
        raise exception 'hold % was settled already', v_transfer ->> 'hold' using errcode = 'LG006';
      end if;
      if v_do = 'release' then
        v_amount := v_hold_amount;
      end if;
      if v_amount > v_hold_amount then
        raise exception 'cannot capture % of a hold of %', v_amount, v_hold_amount using errcode = 'LG008';
      end if;
    elsif v_do in ('post', 'hold') then
      f := array_position(a_code, v_transfer ->> 'from');
    else
      raise exception 'unknown word %', v_do using errcode = 'LG008';
    end if;
    if f is null then
      raise exception 'no ledger account to pay from' using errcode = 'LG003';
    end if;
    if v_do in ('post', 'capture') then
      o := array_position(a_code, v_transfer ->> 'to');
      if o is null then
        raise exception 'no ledger account to pay to' using errcode = 'LG003';
      end if;
      if a_currency[o] <> a_currency[f] then
        raise exception '% and % have different currencies', a_code[f], a_code[o] using errcode = 'LG004';
      end if;
      if o = f then
        raise exception '% cannot pay itself', a_code[f] using errcode = 'LG008';
      end if;
    end if;
    if v_amount is null or v_amount <= 0 then
      raise exception 'amount must be positive' using errcode = 'LG008';
    end if;
    if v_amount <> round(v_amount, a_minor[f]) then
      raise exception '% has more than % decimals', trim_scale(v_amount), a_minor[f] using errcode = 'LG005';
    end if;

    insert into ledger_transfer (operation_key, position, kind, from_account, to_account, amount, settles)
      values (p_key, i, v_do, a_id[f], a_id[o], v_amount, v_hold_id) returning id into v_id;
    if v_hold_id is not null then
      a_held[f] := a_held[f] - v_hold_amount;
    else
      a_needed[f] := greatest(a_needed[f], v_amount - a_moved[f] + a_held[f]);
      if v_do = 'hold' then
        a_held[f] := a_held[f] + v_amount;
      end if;
    end if;
    if o is not null then
      a_moved[f] := a_moved[f] - v_amount;
      a_moved[o] := a_moved[o] + v_amount;
      p_transfer := p_transfer || v_id || v_id;
      p_place := p_place || f || o;
      p_amount := p_amount || -v_amount || v_amount;
      p_moved := p_moved || a_moved[f] || a_moved[o];
    end if;
  end loop;

  -- 3. The accounts, one by one in their order, each with its postings: the next one is not locked before. From here on they are locked, so the
  -- postings' ids and balances follow that order.
  for n in 1 .. cardinality(a_id) loop
    update ledger_account set balance = balance + a_moved[n], held = held + a_held[n]
     where id = a_id[n] and (may_overdraw or balance - held >= a_needed[n])
      returning balance, held into v_balance, v_held;
    if not found then
      raise exception '% cannot pay %', a_code[n], trim_scale(a_needed[n]) using errcode = 'LG001';
    end if;
    foreach p in array array_positions(p_place, n) loop
      insert into ledger_posting (transfer_id, account_id, amount, balance)
        values (p_transfer[p], a_id[n], p_amount[p], v_balance - a_moved[n] + p_moved[p]);
    end loop;
    v_answer := v_answer || jsonb_build_object(a_code[n], jsonb_build_object(
      'balance', v_balance::text, 'held', v_held::text, 'available', (v_balance - v_held)::text));
  end loop;
  return jsonb_build_object('replayed', false, 'accounts', v_answer);
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

-- 'provider:{connectionId}:clearing|fees:{USD}' and 'house:income|bonus|rounding|suspense|exchange:{USD}'
create or replace function ledger_open_house_account(p_code text) returns void language plpgsql as $$
declare
  v_parts text[] := regexp_match(p_code, '^(?:provider:\d+:(clearing|fees)|house:(income|bonus|rounding|suspense|exchange)):([A-Z0-9-]+)$');
  v_currency integer;
begin
  select numeric_code into v_currency from currency where alphabetic_code = v_parts[3];
  if v_currency is null then
    raise exception 'no ledger account %', p_code using errcode = 'LG003';
  end if;
  perform ledger_open_account(p_code, coalesce(v_parts[1], v_parts[2]), v_currency, true);
end $$;
