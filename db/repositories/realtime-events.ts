import type { Queryable } from '../pool.ts';

/** Something of a client's, or of a QR channel's, is another than before. */
export interface RealtimeEvent {
  id: string;
  /** Of which transaction of PostgreSQL. */
  xact: string;
  /** 'client:7', 'qr:{uuid}'. */
  channel: string;
  kind: 'transaction' | 'account' | 'request' | 'level' | 'qr' | 'rights';
  /** Id of the transaction, account, request, level, QR channel, or of the sign-in that ended. */
  about: string;
  status: string | null;
  createTime: Date;
}

/** Where somebody who reads on has come to. */
export type Place = Pick<RealtimeEvent, 'xact' | 'id'>;

/** Who loses his connection for longer reads what there is instead. */
const REPLAYED = `interval '10 minutes'`;

const COLUMNS = `id, xact::text, channel, kind, about, status, create_time as "createTime"`;

/** From here on everything that is committed later is read; what was committed before may be once more. */
export const presentPlace = async (db: Queryable): Promise<Place> =>
  (await db.query<Place>(`select pg_snapshot_xmin(pg_current_snapshot())::text as xact, '0' as id`)).rows[0]!;

/**
 * Up to `most` events behind `place`, in one order for everybody. What a transaction that is not over may have written is waited for, with all behind it: read past,
 * it would never be seen.
 */
export const eventsBehind = async (db: Queryable, place: Place, most: number): Promise<RealtimeEvent[]> =>
  (
    await db.query<RealtimeEvent>(
      `select ${COLUMNS} from realtime_event
        where (xact, id) > ($1::xid8, $2::bigint) and xact < pg_snapshot_xmin(pg_current_snapshot()) order by realtime_event.xact, realtime_event.id limit $3`,
      [place.xact, place.id, most],
    )
  ).rows;

/** What a channel was told since then, at most ten minutes back; of very much the latest. */
export const eventsSince = async (db: Queryable, channel: string, since: Date): Promise<RealtimeEvent[]> =>
  (
    await db.query<RealtimeEvent>(
      `select ${COLUMNS} from realtime_event
        where channel = $1 and kind <> 'rights' and create_time >= greatest($2::timestamptz, now() - ${REPLAYED}) order by realtime_event.xact desc, realtime_event.id desc limit 250`,
      [channel, since],
    )
  ).rows.reverse();

export const dropOldEvents = async (db: Queryable): Promise<void> => {
  await db.query(`delete from realtime_event where create_time < now() - interval '1 hour'`);
};
