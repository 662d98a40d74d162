import { z } from 'zod';
import { MessageRoute, type MessageRouteRow } from '../../../db/entities/messages.ts';
import type { Queryable } from '../../../db/pool.ts';
import { CHANNELS } from '../../../domain/messages.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { byFlag, byId, byWord } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { id, isoTime, isoTimeOrNull, time } from '../../kit/shapes.ts';
import { providerNamed } from '../connections/view.ts';

const Channel = z.enum(CHANNELS);

/** Which connections send e-mails, SMS and chat messages: the first by priority, the next when it cannot. */
export const messageRoutes = resource({
  path: '/messages/routes',
  idParam: 'routeId',
  noun: 'message route',
  tag: 'Messages',
  entity: MessageRoute,
  id: 'id',
  permission: 'connections',
  confirm: true,
  filters: { channel: byWord('channel'), connectionId: byId('connectionId'), enabled: byFlag('enabled') },
  sorts: ['priority', 'createTime'],
  read: z
    .object({
      id: z.int(),
      channel: Channel,
      connectionId: z.int(),
      priority: z.int(),
      enabled: z.boolean(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'MessageRoute' }),
  write: z.object({
    channel: Channel,
    connectionId: id(),
    priority: z.int().min(0).max(1_000_000).default(0),
    enabled: z.boolean().default(true),
  }),
  fields: async (body, { db }, row: MessageRouteRow | null): Promise<Partial<MessageRouteRow>> => {
    await assertSends(db, { ...row, ...body });
    return body;
  },
  present: (rows: MessageRouteRow[]) =>
    rows.map((row) => ({ ...row, createTime: isoTime(row.createTime), updateTime: isoTimeOrNull(row.updateTime) })),
});

const assertSends = async (db: Queryable, { connectionId, channel }: Partial<MessageRouteRow>): Promise<void> => {
  const { rows } = await db.query<{ provider: string }>(`select provider from connection where id = $1`, [
    connectionId,
  ]);
  if (!rows[0]) throw notFound('connection', 'connectionId');
  const provider = providerNamed(rows[0].provider);
  if (provider?.category !== 'messaging' || !provider.adapter.channels.includes(channel!))
    throw problem(400, 'unsupported', `This connection sends nothing on the channel ${channel}.`, 'connectionId');
};
