import { z } from 'zod';
import { ProductGroup, type ProductGroupRow } from '../../../db/entities/products.ts';
import { byWords, contains } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, name, text, time, Translation, translations } from '../../kit/shapes.ts';

export const ProductGroupView = z
  .object({
    id: z.int(),
    name: z.string().meta({ description: 'The caption.' }),
    caption: z.string(),
    description: z.string().nullable(),
    type: z.string(),
    priority: z.int(),
    resources: z.array(Translation),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'ProductGroup' });

export const productGroupView = (row: ProductGroupRow): z.input<typeof ProductGroupView> => ({
  id: row.id,
  name: row.caption,
  caption: row.caption,
  description: row.description ?? null,
  type: row.type,
  priority: row.priority,
  resources: row.resources,
  createTime: isoTime(row.createTime),
  updateTime: isoTimeOrNull(row.updateTime),
});

/** What clients choose a product from: Wallets, Live, Demo. */
export const productGroups = resource({
  path: '/products/groups',
  idParam: 'groupId',
  noun: 'product group',
  tag: 'Products',
  entity: ProductGroup,
  id: 'id',
  permission: 'products',
  filters: { type: byWords('type'), caption: contains('caption') },
  sorts: ['createTime', 'priority', 'caption'],
  read: ProductGroupView,
  write: z.object({
    caption: name(120),
    description: text(1000).nullable().default(null),
    type: z
      .string()
      .regex(/^[A-Za-z]{1,40}$/, 'must be a word such as default, payment, investment or master')
      .default('default'),
    priority: z.int().min(0).max(1_000_000).default(0),
    resources: translations().default([]),
  }),
  present: (rows: ProductGroupRow[]) => rows.map(productGroupView),
});
