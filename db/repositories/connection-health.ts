import { type BreakerState, OPENS_AFTER } from '../../domain/breaker.ts';
import type { FailureType } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

export interface SaidWrong {
  type: FailureType;
  message: string;
}

/** A call without an answer. The last of so many in a row opens the breaker; `pauses`: milliseconds, each longer than the one before. */
export const noteTransportFailure = async (
  db: Queryable,
  connectionId: number,
  { type, message }: SaidWrong,
  pauses: readonly number[],
): Promise<BreakerState> => {
  const { rows } = await db.query<{ state: BreakerState }>(
    `insert into connection_health as h (connection_id, failures_in_row, last_error, last_error_type, last_error_at)
     select id, 1, $2, $3, now() from connection where id = $1
     on conflict (connection_id) do update set failures_in_row = h.failures_in_row + 1, last_error = $2, last_error_type = $3, last_error_at = now(),
       state = case when h.state = 'closed' and h.failures_in_row + 1 >= $4 then 'open' else h.state end,
       since = case when h.state = 'closed' and h.failures_in_row + 1 >= $4 then now() else h.since end,
       trials = case when h.state = 'closed' and h.failures_in_row + 1 >= $4 then h.trials + 1 else h.trials end,
       paused_until = case when h.state = 'closed' and h.failures_in_row + 1 >= $4 then now() + ${pauseOf('h.trials', '$5')} else h.paused_until end
     returning state`,
    [connectionId, message, type, OPENS_AFTER, pauses],
  );
  return rows[0]?.state ?? 'closed';
};

/** SQL: the n-th pause of a list (milliseconds); past its end the last one. */
const pauseOf = (n: string, list: string) =>
  `make_interval(secs => (${list}::float[])[least(${n} + 1, array_length(${list}::float[], 1))] / 1000)`;

/** The provider answered, however badly. */
export const noteOtherFailure = async (
  db: Queryable,
  connectionId: number,
  { type, message }: SaidWrong,
): Promise<void> => {
  await db.query(
    `insert into connection_health as h (connection_id, last_error, last_error_type, last_error_at)
     select id, $2, $3, now() from connection where id = $1
     on conflict (connection_id) do update set failures_in_row = 0, last_error = $2, last_error_type = $3, last_error_at = now()`,
    [connectionId, message, type],
  );
};

/** It asks for silence: nobody calls before. A shorter wish never cuts a longer one. */
export const noteSilence = async (db: Queryable, connectionId: number, seconds: number): Promise<void> => {
  await db.query(
    `update connection_health set paused_until = greatest(paused_until, now() + make_interval(secs => $2)), since = now()
      where connection_id = $1 and state = 'closed'`,
    [connectionId, seconds],
  );
};

/** A call that worked ends the row of failures and the growing of pauses. A breaker that is open stays open: one call is no proof. */
export const noteRecovery = async (db: Queryable, connectionId: number): Promise<void> => {
  await db.query(
    `update connection_health set failures_in_row = 0, trials = case when state = 'closed' then 0 else trials end, last_success_at = clock_timestamp()
      where connection_id = $1`,
    [connectionId],
  );
};

/** Calls may go on: the provider answered a trial, or its settings were changed. `trials` is kept until a real call works. */
export const closeBreaker = async (db: Queryable, connectionId: number, anew = false): Promise<void> => {
  await db.query(
    `update connection_health set state = 'closed', since = now(), failures_in_row = 0, paused_until = null, trials = case when $2 then 0 else trials end,
            last_error = case when $2 then null else last_error end, last_error_type = case when $2 then null else last_error_type end,
            last_error_at = case when $2 then null else last_error_at end
      where connection_id = $1 and (state <> 'closed' or $2)`,
    [connectionId, anew],
  );
};

/** One worker may try whether the provider is back; when it dies meanwhile, another may after `leaseMs`. */
export const claimTrial = async (db: Queryable, connectionId: number, leaseMs: number): Promise<boolean> => {
  const { rowCount } = await db.query(
    `update connection_health set state = 'half_open', paused_until = now() + make_interval(secs => $2::float / 1000)
      where connection_id = $1 and state <> 'closed' and paused_until <= now()`,
    [connectionId, leaseMs],
  );
  return rowCount === 1;
};

/** Not yet: the next trial comes after a longer pause. */
export const reopenBreaker = async (db: Queryable, connectionId: number, pauses: readonly number[]): Promise<void> => {
  await db.query(
    `update connection_health h set state = 'open', trials = least(h.trials + 1, 1000), paused_until = now() + ${pauseOf('h.trials', '$2')}
      where connection_id = $1 and state <> 'closed'`,
    [connectionId, pauses],
  );
};

export interface ConnectionTraffic {
  id: number;
  provider: string;
  state: BreakerState;
  /**
   * Nobody calls: the provider asked for silence, or the breaker is open. Once the connection is switched off as well, what waits is taken up again, to
   * be refused where nothing was sent.
   */
  paused: boolean;
  /** Open, and its pause is over. */
  due: boolean;
}

/** Every connection and whether its queue may be polled now. */
export const loadTraffic = async (db: Queryable): Promise<ConnectionTraffic[]> =>
  (
    await db.query<ConnectionTraffic>(
      `select c.id, c.provider, coalesce(h.state, 'closed') as state, coalesce(case coalesce(h.state, 'closed') when 'closed' then h.paused_until > now() else c.enabled end, false) as paused,
              coalesce(h.state <> 'closed' and h.paused_until <= now(), false) as due
         from connection c left join connection_health h on h.connection_id = c.id order by c.id`,
    )
  ).rows;

/** Null: it may be called. Else for how many seconds nobody calls it; at least one. */
export const pausedFor = async (db: Queryable, connectionId: number): Promise<number | null> =>
  (
    await db.query<{ seconds: number }>(
      `select greatest(ceil(extract(epoch from paused_until - now())), 1)::integer as seconds from connection_health
        where connection_id = $1 and (state <> 'closed' or paused_until > now())`,
      [connectionId],
    )
  ).rows[0]?.seconds ?? null;

export interface MinuteOfCalls {
  connectionId: number;
  /** Start of the minute, milliseconds. */
  minute: number;
  calls: number;
  failures: number;
  durations: number[];
  lastSuccessAt: number | null;
}

/** Adds what one process counted. */
export const addMinute = async (db: Queryable, counted: MinuteOfCalls): Promise<void> => {
  const { connectionId, minute, calls, failures, durations, lastSuccessAt } = counted;
  await db.query(
    `insert into connection_minute as m (connection_id, minute, calls, failures, durations)
     select id, to_timestamp($2::float / 1000), $3, $4, $5::integer[] from connection where id = $1
     on conflict (connection_id, minute) do update set calls = m.calls + excluded.calls, failures = m.failures + excluded.failures,
       durations = array(select a + b from unnest(m.durations, excluded.durations) as both_of (a, b))`,
    [connectionId, minute, calls, failures, durations],
  );
  if (lastSuccessAt === null) return;
  await db.query(
    `insert into connection_health as h (connection_id, last_success_at) select id, to_timestamp($2::float / 1000) from connection where id = $1
     on conflict (connection_id) do update set last_success_at = greatest(h.last_success_at, excluded.last_success_at)`,
    [connectionId, lastSuccessAt],
  );
};

/** A day of minutes is kept. */
export const dropOldMinutes = async (db: Queryable): Promise<void> => {
  await db.query(`delete from connection_minute where minute < now() - interval '1 day'`);
};

export interface HealthRow {
  connectionId: number;
  state: BreakerState;
  since: Date | null;
  failuresInRow: number;
  pausedUntil: Date | null;
  lastError: string | null;
  lastErrorType: FailureType | null;
  lastErrorAt: Date | null;
  lastSuccessAt: Date | null;
  /** Of the last hour. */
  calls: number;
  failures: number;
  durations: number[];
}

/** How these connections fare; all of them when none are named. */
export const loadHealth = async (db: Queryable, ids: readonly number[] | null = null): Promise<HealthRow[]> =>
  (
    await db.query<HealthRow>(
      `select c.id as "connectionId", coalesce(h.state, 'closed') as state, h.since, coalesce(h.failures_in_row, 0) as "failuresInRow",
              case when h.state <> 'closed' or h.paused_until > now() then h.paused_until end as "pausedUntil", h.last_error as "lastError",
              h.last_error_type as "lastErrorType", h.last_error_at as "lastErrorAt", h.last_success_at as "lastSuccessAt",
              coalesce(m.calls, 0)::integer as calls, coalesce(m.failures, 0)::integer as failures, coalesce(d.durations, '{}') as durations
         from connection c left join connection_health h on h.connection_id = c.id
         left join lateral (select sum(calls) as calls, sum(failures) as failures from connection_minute
                             where connection_id = c.id and minute > now() - interval '1 hour') m on true
         left join lateral (select array_agg(n order by slot)::integer[] as durations from (
             select slot, sum(n) as n from connection_minute x, unnest(x.durations) with ordinality as u (n, slot)
              where x.connection_id = c.id and x.minute > now() - interval '1 hour' group by slot) slots) d on true
        where $1::integer[] is null or c.id = any ($1) order by c.id`,
      [ids],
    )
  ).rows;
