import { z } from 'zod';
import { Tag, type TagRow } from '../../../db/entities/configuration.ts';
import { byWord } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, name, time } from '../../kit/shapes.ts';

export const tags = resource({
  path: '/tags',
  idParam: 'tagId',
  noun: 'tag',
  tag: 'Clients',
  entity: Tag,
  id: 'id',
  permission: 'tags',
  filters: { type: byWord('type') },
  sorts: ['createTime', 'name'],
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      type: z.string(),
      color: z.string().nullable(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'Tag' }),
  write: z.object({
    name: name(120),
    type: z.literal('clients').default('clients'),
    color: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/, 'must look like #225577')
      .nullable()
      .default(null),
  }),
  present: (rows: TagRow[]) =>
    rows.map((row) => ({
      ...row,
      color: row.color ?? null,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
});
