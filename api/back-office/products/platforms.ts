import { z } from 'zod';
import { Platform, type PlatformRow } from '../../../db/entities/products.ts';
import type { Queryable } from '../../../db/pool.ts';
import { providerNamed } from '../connections/view.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag, byId, byWords, contains } from '../../kit/filters.ts';
import { resource, type Writing } from '../../kit/resource.ts';
import { id, isoTime, isoTimeOrNull, name, text, time } from '../../kit/shapes.ts';

const TYPES = ['personal', 'wrapper', 'B2Trader', 'cTrader', 'MatchTrader', 'MetaTrader5', 'MetaTrader4', 'OneZero', 'PrimeXM'] as const; // prettier-ignore

const PlatformView = z
  .object({
    id: z.int(),
    name: z.string(),
    caption: z.string(),
    shortCaption: z.string(),
    type: z.enum(TYPES),
    isDemo: z.boolean(),
    terminalUrl: z.string(),
    connectionId: z.int().nullable().meta({ description: 'Null for our own wallets.' }),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Platform' });

const write = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 latin letters, digits, dashes or underscores'),
  caption: name(120),
  shortCaption: text(40).default(''),
  type: z.enum(TYPES, `must be one of ${TYPES.join(', ')}`),
  isDemo: z.boolean().default(false),
  terminalUrl: text(500).default(''),
  connectionId: id().nullable().default(null),
});
type Body = Partial<z.output<typeof write>>;

/** Where accounts are kept: our own wallets, or a trading platform behind a connection. */
export const platforms = resource({
  path: '/platforms',
  idParam: 'platformId',
  noun: 'platform',
  tag: 'Products',
  entity: Platform,
  id: 'id',
  permission: 'platforms',
  filters: {
    type: byWords('type', TYPES),
    isDemo: byFlag('isDemo'),
    connectionId: byId('connectionId'),
    name: contains('name'),
  },
  sorts: ['createTime', 'name'],
  read: PlatformView,
  write,
  fields: async (body, { db }, row: PlatformRow | null) => {
    await assertKept(db, {
      type: body.type ?? row?.type,
      connectionId: body.connectionId === undefined ? (row?.connectionId ?? null) : body.connectionId,
    });
    return body;
  },
  guard: (row: PlatformRow, change, writing) => (change === 'delete' ? undefined : assertStays(row, change, writing)),
  present: (rows: PlatformRow[]) =>
    rows.map((row) => ({
      ...row,
      type: row.type as (typeof TYPES)[number],
      connectionId: row.connectionId ?? null,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
});

/** Wallets are ours; every other platform is reached through a trading connection. */
const assertKept = async (
  db: Queryable,
  { type, connectionId }: { type: string | undefined; connectionId: number | null | undefined },
): Promise<void> => {
  if (type === 'personal' && connectionId != null)
    throw problem(400, 'validation', 'Our own wallets need no connection.', 'connectionId');
  if (type !== 'personal' && connectionId == null)
    throw problem(400, 'validation', 'A trading platform needs its connection.', 'connectionId');
  if (connectionId == null) return;
  const { rows } = await db.query<{ provider: string }>('select provider from connection where id = $1', [
    connectionId,
  ]);
  if (!rows[0]) throw problem(400, 'not_found', 'There is no such connection.', 'connectionId');
  if (providerNamed(rows[0].provider)?.category !== 'trading')
    throw problem(400, 'validation', 'This connection leads to no trading platform.', 'connectionId');
};

/** Behind another connection the same logins are other people's accounts. */
const assertStays = async (row: PlatformRow, change: Body, { db }: Writing): Promise<void> => {
  const moved = change.connectionId !== undefined && change.connectionId !== (row.connectionId ?? null);
  if (!moved && (change.type === undefined || change.type === row.type)) return;
  const { rows } = await db.query('select 1 as used from account where platform_id = $1 limit 1', [row.id]);
  if (rows.length > 0)
    throw problem(409, 'fixed', 'Accounts are on this platform: make another one.', moved ? 'connectionId' : 'type');
};
