-- Posts one batch of transfers in one round trip.
--
-- p_key       the operation's key: the same key with the same content answers the first result, with other content it is refused
-- p_transfers [{"do":"post","from":code,"to":code,"amount":text} | {"do":"hold","from":code,"amount":text}
--              | {"do":"capture","hold":key,"to":code,"amount":text} | {"do":"release","hold":key}]
--             `hold` names the operation that made the hold. Capturing less than was held gives the rest back.
-- answers     {"replayed":bool,"accounts":{code:{"balance","held","available"}}}
--
-- The batch is worked out on arrays and written with three statements, whatever its length.
--
-- Codes: LG001 would overdraw · LG002 key used with other content · LG003 unknown account · LG004 currencies differ
--        LG005 more decimals than the currency has · LG006 hold settled already · LG007 unknown hold · LG008 bad amount or word
create or replace function ledger_post(p_key text, p_transfers jsonb) returns jsonb language plpgsql as $$
declare
  v_content jsonb;
  v_codes text[] := '{}';
  v_wanted text[];
  -- the locked accounts, side by side
  a_code text[] := '{}';
  a_id bigint[] := '{}';
  a_balance numeric[] := '{}';
  a_held numeric[] := '{}';
  a_currency integer[] := '{}';
  a_minor smallint[] := '{}';
  a_overdraw boolean[] := '{}';
  -- what will be written
  t_id bigint[] := '{}';
  t_kind text[] := '{}';
  t_from bigint[] := '{}';
  t_to bigint[] := '{}';
  t_amount numeric[] := '{}';
  t_settles bigint[] := '{}';
  p_transfer bigint[] := '{}';
  p_account bigint[] := '{}';
  p_amount numeric[] := '{}';
  p_balance numeric[] := '{}';
  v_transfer jsonb;
  v_account record;
  v_do text;
  v_amount numeric;
  v_hold_id bigint;
  v_hold_amount numeric;
  v_code text;
  f integer;
  o integer;
  v_id bigint;
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

  -- Every account of the batch, holds' accounts too, locked in id order: two batches can never wait for each other.
  for v_transfer in select * from jsonb_array_elements(p_transfers) loop
    if v_transfer ? 'hold' then
      select a.code into v_code from ledger_transfer h join ledger_account a on a.id = h.from_account
        where h.operation_key = v_transfer ->> 'hold' and h.kind = 'hold';
      if not found then
        raise exception 'no hold %', v_transfer ->> 'hold' using errcode = 'LG007';
      end if;
      v_codes := v_codes || v_code;
    end if;
    v_codes := v_codes || (v_transfer ->> 'from') || (v_transfer ->> 'to');
  end loop;
  v_wanted := v_codes;
  for v_round in 1..2 loop
    for v_account in
      select a.id, a.code, a.currency, a.may_overdraw, a.balance, a.held, c.minor_unit
        from ledger_account a join currency c on c.numeric_code = a.currency
       where a.code = any (v_wanted) order by a.id for no key update of a
    loop
      a_id := a_id || v_account.id;
      a_code := a_code || v_account.code;
      a_currency := a_currency || v_account.currency;
      a_minor := a_minor || v_account.minor_unit;
      a_overdraw := a_overdraw || v_account.may_overdraw;
      a_balance := a_balance || v_account.balance;
      a_held := a_held || v_account.held;
    end loop;
    -- The house's and the providers' accounts open themselves on first use; as the youngest they are locked last.
    select array_agg(distinct code) into v_wanted from unnest(v_codes) code where code <> all (a_code);
    exit when v_wanted is null;
    foreach v_code in array v_wanted loop
      if v_round = 2 or v_code !~ '^(provider|house):' then
        raise exception 'no ledger account %', v_code using errcode = 'LG003';
      end if;
      perform ledger_open_house_account(v_code);
    end loop;
  end loop;

  for v_transfer in select * from jsonb_array_elements(p_transfers) loop
    v_do := v_transfer ->> 'do';
    v_amount := (v_transfer ->> 'amount')::numeric;
    v_hold_id := null;
    v_hold_amount := 0;
    o := null;
    if v_do in ('capture', 'release') then
      select h.id, h.amount, array_position(a_id, h.from_account) into v_hold_id, v_hold_amount, f
        from ledger_transfer h where h.operation_key = v_transfer ->> 'hold' and h.kind = 'hold';
      if v_hold_id = any (t_settles) or exists (select from ledger_transfer where settles = v_hold_id) then
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
    if v_do in ('post', 'hold') and not a_overdraw[f] and a_balance[f] - a_held[f] < v_amount then
      raise exception '% cannot pay %', a_code[f], trim_scale(v_amount) using errcode = 'LG001';
    end if;

    v_id := nextval('ledger_transfer_id');
    t_id := t_id || v_id;
    t_kind := t_kind || v_do;
    t_from := t_from || a_id[f];
    t_to := t_to || a_id[o]; -- null for hold and release
    t_amount := t_amount || v_amount;
    t_settles := t_settles || v_hold_id;
    if v_do = 'hold' then
      a_held[f] := a_held[f] + v_amount;
    elsif v_do = 'release' then
      a_held[f] := a_held[f] - v_hold_amount;
    else
      a_balance[f] := a_balance[f] - v_amount;
      a_held[f] := a_held[f] - v_hold_amount;
      a_balance[o] := a_balance[o] + v_amount;
      p_transfer := p_transfer || v_id || v_id;
      p_account := p_account || a_id[f] || a_id[o];
      p_amount := p_amount || -v_amount || v_amount;
      p_balance := p_balance || a_balance[f] || a_balance[o];
    end if;
  end loop;

  perform set_config('ledger.posting', 'on', true);
  insert into ledger_transfer (id, operation_key, position, kind, from_account, to_account, amount, settles)
    select t.id, p_key, t.n - 1, t.kind, t.payer, t.payee, t.amount, t.settles
      from unnest(t_id, t_kind, t_from, t_to, t_amount, t_settles) with ordinality as t(id, kind, payer, payee, amount, settles, n);
  insert into ledger_posting (transfer_id, account_id, amount, balance) select * from unnest(p_transfer, p_account, p_amount, p_balance);
  update ledger_account a set balance = n.balance, held = n.held from unnest(a_id, a_balance, a_held) as n(id, balance, held) where a.id = n.id;
  perform set_config('ledger.posting', '', true);

  for n in 1..cardinality(a_id) loop
    v_answer := jsonb_set(v_answer, array[a_code[n]], jsonb_build_object(
      'balance', a_balance[n]::text, 'held', a_held[n]::text, 'available', (a_balance[n] - a_held[n])::text));
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
