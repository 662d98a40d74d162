import type { Queryable } from '../pool.ts';

/** Whether an unsigned callback may wake the run it is about. */
export interface Standing {
  /** The run was woken since the callback came, and has looked or will. */
  heard: boolean;
  may: boolean;
  /** Of this look into the books. */
  asOf: string;
}

/** In the order asked. One subject is woken at once, then after each of `waits` (milliseconds; the last one repeats); it begins anew when it was left alone for a day. */
export const standingsOf = async (
  db: Queryable,
  callbacks: readonly { webhookId: string; subject: string }[],
  waits: readonly number[],
): Promise<Standing[]> => {
  if (callbacks.length === 0) return [];
  const { rows } = await db.query<Standing>(
    `select coalesce(w.last_time > h.create_time, false) as heard, now()::text as "asOf",
            coalesce(w.last_time + interval '1 millisecond' * ($3::integer[])[least(w.times, cardinality($3::integer[]))] <= now(), true) as may
       from unnest($1::bigint[], $2::text[]) with ordinality as asked (id, subject, n) left join webhook h on h.id = asked.id
       left join unsigned_wake w on w.subject = asked.subject
      order by asked.n`,
    [callbacks.map(({ webhookId }) => webhookId), callbacks.map(({ subject }) => subject), waits],
  );
  return rows;
};

/** After it was woken: what is noted first and then not done would be lost. Callbacks that were looked at together count once. */
export const noteWake = async (db: Queryable, subject: string, { asOf }: Standing): Promise<void> => {
  await db.query(
    `insert into unsigned_wake as w (subject, times, last_time) values ($1, 1, $2)
     on conflict (subject) do update set times = w.times + 1, last_time = excluded.last_time where w.last_time < excluded.last_time`,
    [subject, asOf],
  );
};

export const dropOldWakes = async (db: Queryable): Promise<void> => {
  await db.query(`delete from unsigned_wake where last_time < now() - interval '1 day'`);
};
