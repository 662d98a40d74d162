import { raw } from '@mikro-orm/postgresql';
import { z } from 'zod';
import {
  Platform,
  type PlatformRow,
  Product,
  ProductGroup,
  type ProductGroupRow,
  type ProductRow,
} from '../../../db/entities/products.ts';
import { problem } from '../../kit/errors.ts';
import { byId, byWords, contains, custom } from '../../kit/filters.ts';
import { resource, type Writing } from '../../kit/resource.ts';
import { id, idText, isoTime, isoTimeOrNull, name, time, Translation, translations } from '../../kit/shapes.ts';
import { ProductGroupView, productGroupView } from './product-groups.ts';

export const PRODUCT_TYPES = ['personal', 'trade', 'demo', 'partner', 'liquidity', 'exchange', 'external', 'bo', 'iisbo', 'system'] as const; // prettier-ignore
const STATUSES = ['disabled', 'present', 'hidden', 'enabled', 'default'] as const;

/** objects-back-office 6.1 */
const ProductView = z
  .object({
    id: z.int(),
    name: z.string(),
    caption: z.string(),
    type: z.enum(PRODUCT_TYPES),
    group: ProductGroupView.nullable(),
    platform: z.object({
      id: z.int(),
      caption: z.string(),
      shortCaption: z.string(),
      name: z.string(),
      class: z.string(),
      isDemo: z.boolean(),
    }),
    status: z.enum(STATUSES).meta({
      description:
        'disabled: nobody opens accounts. present, hidden: operators do, clients do not see it. enabled, default: both.',
    }),
    priority: z.int(),
    resources: z.array(Translation),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Product' });

const write = z.object({
  name: name(64),
  caption: name(120),
  type: z.enum(PRODUCT_TYPES, `must be one of ${PRODUCT_TYPES.join(', ')}`),
  platformId: id(),
  groupId: id().nullable().default(null),
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(', ')}`).default('disabled'),
  priority: z.int().min(0).max(1_000_000).default(0),
  resources: translations().default([]),
});

export const products = resource({
  path: '/products',
  idParam: 'productId',
  noun: 'product',
  tag: 'Products',
  entity: Product,
  id: 'id',
  permission: 'products',
  filters: {
    platformId: byId('platformId'),
    groupId: byId('groupId'),
    type: byWords('type', PRODUCT_TYPES),
    status: byWords('status', STATUSES),
    name: contains('name'),
    currency: custom(idText(), (code) => ({
      [raw((alias) => `${alias}.id in (select product_id from product_currency where currency = ${code})`) as unknown as string]: [], // prettier-ignore
    })),
  },
  sorts: ['createTime', 'priority', 'name'],
  read: ProductView,
  write,
  guard: (row: ProductRow, change, writing) => (change === 'delete' ? undefined : assertStays(row, change, writing)),
  present: async (rows: ProductRow[], { em }) => {
    const platforms = await em.find(Platform, { id: { $in: rows.map(({ platformId }) => platformId) } });
    const groups = await em.find(ProductGroup, { id: { $in: rows.flatMap(({ groupId }) => groupId ?? []) } });
    return rows.map((row) => view(row, platforms, groups));
  },
});

const view = (row: ProductRow, platforms: PlatformRow[], groups: ProductGroupRow[]): z.input<typeof ProductView> => {
  const platform = platforms.find((one) => one.id === row.platformId)!;
  const group = groups.find((one) => one.id === row.groupId);
  return {
    id: row.id,
    name: row.name,
    caption: row.caption,
    type: row.type as (typeof PRODUCT_TYPES)[number],
    group: group ? productGroupView(group) : null,
    platform: {
      id: platform.id,
      caption: platform.caption,
      shortCaption: platform.shortCaption,
      name: platform.name,
      class: platform.type,
      isDemo: platform.isDemo,
    },
    status: row.status as (typeof STATUSES)[number],
    priority: row.priority,
    resources: row.resources,
    createTime: isoTime(row.createTime),
    updateTime: isoTimeOrNull(row.updateTime),
  };
};

/** Accounts keep what they were opened as. */
const assertStays = async (
  row: ProductRow,
  change: Partial<z.output<typeof write>>,
  { db }: Writing,
): Promise<void> => {
  const moved = change.platformId !== undefined && change.platformId !== row.platformId;
  if (!moved && (change.type === undefined || change.type === row.type)) return;
  const { rows } = await db.query(
    'select 1 as used from account a join product_currency pc on pc.id = a.product_currency_id where pc.product_id = $1 limit 1',
    [row.id],
  );
  if (rows.length > 0)
    throw problem(
      409,
      'fixed',
      'Accounts were opened on this product: make another one.',
      moved ? 'platformId' : 'type',
    );
};
