import type pg from 'pg';
import { z } from 'zod';
import { isoTime, isoTimeOrNull, time } from '../kit/shapes.ts';

/** A request as its client sees it (objects-front-office 3.21). */
export const MyRequest = z
  .object({
    requestId: z.int(),
    type: z.string(),
    status: z.enum(['pending', 'approved', 'rejected']),
    resolution: z.string().nullable().meta({ description: 'Why it was rejected, in words for the client.' }),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'MyRequest' });

type MyRequestView = z.input<typeof MyRequest>;

/** How many have said yes so far is the broker's business: until the last word a request is pending. */
const STATUS = `case a.status_id when 1 then 'approved' when 2 then 'rejected' else 'pending' end`;

export const myRequestViews = async (
  db: Pick<pg.ClientBase, 'query'>,
  ids: readonly number[],
): Promise<Map<number, MyRequestView>> => {
  if (ids.length === 0) return new Map();
  const { rows } = await db.query<MyRequestView & { createTime: Date; updateTime: Date | null }>(
    `select a.id as "requestId", a.type, ${STATUS} as status, case when a.status_id = 2 then coalesce(r.description, r.name) end as resolution,
            a.create_time as "createTime", a.update_time as "updateTime"
       from application a left join resolution r on r.id = a.resolution_id where a.id = any($1::int[])`,
    [ids],
  );
  return new Map(
    rows.map((row) => [
      row.requestId,
      { ...row, createTime: isoTime(row.createTime), updateTime: isoTimeOrNull(row.updateTime) },
    ]),
  );
};
