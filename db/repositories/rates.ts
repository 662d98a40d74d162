import type { Amount } from '../../domain/money.ts';
import type { Jump, Markup, Price, Quote, Source, Verdict } from '../../domain/rates.ts';
import type { Queryable } from '../pool.ts';

export interface SourceFacts {
  id: number;
  name: string;
  connectionId: number;
  fromCurrencies: number[];
  toCurrencies: number[];
  cross: number | null;
  outlierPercent: Amount;
  confirmSeconds: number;
}

/** Null when nobody asks it: it is switched off, or its connection is, or it is gone. */
export const loadSource = async (db: Queryable, sourceId: number): Promise<SourceFacts | null> => {
  const { rows } = await db.query<SourceFacts>(
    `select s.id, s.name, s.connection_id as "connectionId", s.from_currencies as "fromCurrencies", s.to_currencies as "toCurrencies",
            s.cross_currency as cross, trim_scale(s.outlier_percent)::text as "outlierPercent", s.confirm_seconds as "confirmSeconds"
       from rate_source s join connection c on c.id = s.connection_id where s.id = $1 and s.enabled and c.enabled`,
    [sourceId],
  );
  return rows[0] ?? null;
};

export interface DueSource {
  sourceId: number;
  connectionId: number;
}

/** Whom to ask now: whose time has come, and whoever was changed, or whose connection was, since he was asked. */
export const dueSources = async (db: Queryable): Promise<DueSource[]> => {
  const { rows } = await db.query<DueSource>(
    `select s.id as "sourceId", s.connection_id as "connectionId" from rate_source s join connection c on c.id = s.connection_id
      where s.enabled and c.enabled and (s.asked_at is null or s.asked_at + s.refresh_seconds * interval '1 second' <= now()
        or s.asked_at <= greatest(s.update_time, c.update_time)) order by s.id`,
  );
  return rows;
};

export const noteAsked = async (db: Queryable, sourceId: number): Promise<void> => {
  await db.query(`update rate_source set asked_at = now() where id = $1`, [sourceId]);
};

/** `error` null: it answered. */
export const noteAnswered = async (db: Queryable, sourceId: number, error: string | null): Promise<void> => {
  await db.query(
    `update rate_source set last_error = $2, answered_at = case when $2::text is null then now() else answered_at end where id = $1`,
    [sourceId, error],
  );
};

/** Currencies by every code somebody may call them by: their own and their aliases. Of a code that is both, the currency's own counts. */
export const loadCodes = async (db: Queryable): Promise<Map<string, number>> => {
  const { rows } = await db.query<{ code: string; currency: number }>(
    `select alias as code, currency_id as currency from currency_alias
     union all select alphabetic_code, numeric_code from currency`,
  );
  return new Map(rows.map(({ code, currency }) => [code, currency]));
};

/** Pairs that money can be changed between: by a payment method, or because the broker keeps the pair. Numeric codes. */
export const pairsInUse = async (db: Queryable): Promise<{ from: number; to: number }[]> => {
  const { rows } = await db.query<{ from: number; to: number }>(
    `select distinct case m.direction when 'deposit' then ps.currency else tr.currency end as "from",
            case m.direction when 'deposit' then tr.currency else ps.currency end as "to"
       from payment_method m
       join payment_method_currency tr on tr.method_id = m.id and tr.type = 'TR' and tr.enabled
       join payment_method_currency ps on ps.method_id = m.id and ps.type = 'PS' and ps.enabled
      where m.enabled and tr.currency <> ps.currency
     union select from_currency, to_currency from currency_pair where is_enabled or is_enabled_for_admin
     order by 1, 2`,
  );
  return rows;
};

/** Alphabetic codes, as adapters want them. */
interface NamedPair {
  from: string;
  to: string;
}

/** What to ask a source for: every pair in use, both ways round, and the legs of its crosses. */
export const wantedPairs = async (
  db: Queryable,
  { fromCurrencies, toCurrencies, cross }: SourceFacts,
): Promise<NamedPair[]> => {
  const named = new Map(
    (
      await db.query<{ numeric: number; code: string }>(
        `select numeric_code as numeric, alphabetic_code as code from currency`,
      )
    ).rows.map(({ numeric, code }) => [numeric, code]),
  );
  const wanted = new Map<string, NamedPair>();
  const want = (from: number, to: number): void => {
    const pair = { from: named.get(from)!, to: named.get(to)! };
    if (from !== to) wanted.set(`${pair.from}/${pair.to}`, pair);
  };
  for (const { from, to } of (await pairsInUse(db)).filter((pair) => serves(pair, fromCurrencies, toCurrencies))) {
    for (const [left, right] of [
      [from, to],
      [to, from],
    ] as const) {
      want(left, right);
      if (cross === null) continue;
      want(left, cross);
      want(cross, left);
    }
  }
  return [...wanted.values()];
};

/** Either way round: a quote of the one is a quote of the other. Empty lists mean all. */
const serves = (
  { from, to }: { from: number; to: number },
  froms: readonly number[],
  tos: readonly number[],
): boolean =>
  [
    [from, to],
    [to, from],
  ].some(
    ([left, right]) => (froms.length === 0 || froms.includes(left!)) && (tos.length === 0 || tos.includes(right!)),
  );

interface SourceRow {
  name: string;
  cross: number | null;
  fromCurrencies: number[];
  toCurrencies: number[];
  quotes: Quote[];
}

/** Milliseconds of a timestamp, in SQL. */
const ms = (column: string): string => `round(extract(epoch from ${column}) * 1000)::bigint`;

const SOURCES = `
  select s.name, s.cross_currency as cross, s.from_currencies as "fromCurrencies", s.to_currencies as "toCurrencies",
         coalesce(jsonb_agg(jsonb_build_object('from', r.from_currency, 'to', r.to_currency,
           'bid', coalesce(trim_scale(r.bid)::text, '0'), 'ask', coalesce(trim_scale(r.ask)::text, '0'),
           'sourceTime', coalesce(${ms('r.source_time')}, 0),
           'expiresAt', coalesce(${ms(`least(r.expires_at, r.source_time + s.max_age_seconds * interval '1 second')`)}, 0),
           'held', r.held_since is not null) order by r.id) filter (where r.id is not null), '[]') as quotes
    from rate_source s join connection c on c.id = s.connection_id
    left join rate r on r.source_id = s.id
     and ($1::integer[] is null or (r.from_currency = any ($1 || s.cross_currency) and r.to_currency = any ($1 || s.cross_currency)))
   where s.enabled and c.enabled and s.id is distinct from $2
   group by s.id order by s.priority, s.id`;

/** Everybody who may say what `from` costs in `to`, by priority. `without`: not this one. */
export const sourcesFor = async (
  db: Queryable,
  from: number,
  to: number,
  without: number | null = null,
): Promise<Source[]> => {
  const { rows } = await db.query<SourceRow>(SOURCES, [[from, to], without]);
  return serving(rows, from, to);
};

/** As `sourcesFor`, for many pairs by one statement. */
export const allSources = async (db: Queryable): Promise<(from: number, to: number) => Source[]> => {
  const { rows } = await db.query<SourceRow>(SOURCES, [null, null]);
  return (from, to) => serving(rows, from, to);
};

const serving = (rows: readonly SourceRow[], from: number, to: number): Source[] =>
  rows.filter(({ fromCurrencies, toCurrencies }) => serves({ from, to }, fromCurrencies, toCurrencies));

/** What the broker adds for himself, and who may change `from` into `to`; null where he keeps no such pair. */
export const loadMarkup = async (
  db: Queryable,
  from: number,
  to: number,
): Promise<{ markup: Markup; forClients: boolean; forAdmins: boolean } | null> => {
  const { rows } = await db.query<{ straight: boolean; buy: Amount; sell: Amount; clients: boolean; admins: boolean }>(
    `select from_currency = $1 as straight, trim_scale(markup_buy)::text as buy, trim_scale(markup_sell)::text as sell, is_enabled as clients, is_enabled_for_admin as admins
       from currency_pair where (from_currency = $1 and to_currency = $2) or (from_currency = $2 and to_currency = $1)
      order by from_currency = $1 desc limit 1`,
    [from, to],
  );
  const [pair] = rows;
  if (!pair) return null;
  const markup = pair.straight ? { sell: pair.sell } : { buy: pair.buy };
  return { markup, forClients: pair.clients, forAdmins: pair.admins };
};

export interface Beliefs {
  id: number;
  last: Price | null;
  held: Jump | null;
}

/** What was believed of a pair, locked; a row is made for a new one. */
export const lockRate = async (db: Queryable, sourceId: number, from: number, to: number): Promise<Beliefs> => {
  await db.query(
    `insert into rate (source_id, from_currency, to_currency) values ($1, $2, $3) on conflict (source_id, from_currency, to_currency) do nothing`,
    [sourceId, from, to],
  );
  const { rows } = await db.query<Beliefs>(
    `select id, case when bid is not null then jsonb_build_object('bid', trim_scale(bid)::text, 'ask', trim_scale(ask)::text) end as last,
            case when held_since is not null then jsonb_build_object('price', jsonb_build_object('bid', trim_scale(held_bid)::text, 'ask', trim_scale(held_ask)::text),
              'sourceTime', ${ms('held_source_time')}, 'since', ${ms('held_since')}) end as held
       from rate where source_id = $1 and from_currency = $2 and to_currency = $3 for update`,
    [sourceId, from, to],
  );
  return rows[0]!;
};

export interface NewQuote extends Price {
  sourceTime: number;
  expiresAt: number | null;
}

/** Writes down what became of a quote. History gets a line when something is new in it. */
export const keepQuote = async (db: Queryable, before: Beliefs, quote: NewQuote, verdict: Verdict): Promise<void> => {
  const { bid, ask, sourceTime, expiresAt } = quote;
  const values = [before.id, bid, ask, sourceTime / 1000, expiresAt === null ? null : expiresAt / 1000];
  if (verdict.is === 'accepted') {
    await db.query(
      `update rate set bid = $2, ask = $3, source_time = to_timestamp($4), expires_at = to_timestamp($5), fetched_at = now(), update_time = now(),
              held_bid = null, held_ask = null, held_source_time = null, held_since = null, held_expires_at = null where id = $1`,
      values,
    );
  } else {
    await db.query(
      `update rate set held_bid = $2, held_ask = $3, held_expires_at = to_timestamp($5), update_time = now(),
              held_source_time = case when held_since = to_timestamp($6) then held_source_time else to_timestamp($4) end, held_since = to_timestamp($6)
        where id = $1`,
      [...values, verdict.since / 1000],
    );
  }
  const known = verdict.is === 'accepted' ? (before.held ? null : before.last) : (before.held?.price ?? null);
  if (known?.bid === bid && known.ask === ask) return;
  const why = verdict.is === 'accepted' ? verdict.why : 'jumped';
  await db.query(
    `insert into rate_history (source_id, from_currency, to_currency, bid, ask, source_time, verdict, why)
     select source_id, from_currency, to_currency, $2, $3, to_timestamp($4), $5, $6 from rate where id = $1`,
    [before.id, bid, ask, sourceTime / 1000, verdict.is, why],
  );
};

/** What a source does not say any more, of all it says, is not used from now on; nor is a jump of it that waits. `said`: ids of what it says. */
export const takeBack = async (db: Queryable, sourceId: number, said: readonly number[]): Promise<void> => {
  await db.query(
    `update rate set expires_at = least(expires_at, now()), update_time = now(),
            held_bid = null, held_ask = null, held_source_time = null, held_since = null, held_expires_at = null
      where source_id = $1 and id <> all($2::integer[]) and (expires_at is null or expires_at > now() or held_since is not null)`,
    [sourceId, said],
  );
};

/** An operator believes a jump: it becomes the rate, as it was said. False when none is held back. */
export const believeJump = async (db: Queryable, rateId: number): Promise<boolean> => {
  const { rowCount } = await db.query(
    `with believed as (
       update rate set bid = held_bid, ask = held_ask, source_time = held_source_time, expires_at = held_expires_at, fetched_at = update_time, update_time = now(),
              held_bid = null, held_ask = null, held_source_time = null, held_since = null, held_expires_at = null
        where id = $1 and held_since is not null returning *)
     insert into rate_history (source_id, from_currency, to_currency, bid, ask, source_time, verdict, why)
     select source_id, from_currency, to_currency, bid, ask, source_time, 'accepted', 'an operator says so' from believed`,
    [rateId],
  );
  return rowCount === 1;
};

/** What was said a year ago is nobody's business any more; what a movement was settled at stands beside it. */
export const dropOldRates = async (db: Queryable): Promise<void> => {
  await db.query(`delete from rate_history where create_time < now() - interval '1 year'`);
};
