import { z } from 'zod';
import {
  Resolution,
  type ResolutionRow,
  ResolutionType,
  type ResolutionTypeRow,
} from '../../../db/entities/configuration.ts';
import { byFlag, byId, contains } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import {
  Translation,
  id,
  idAndName,
  isoTime,
  isoTimeOrNull,
  name,
  text,
  time,
  translations,
} from '../../kit/shapes.ts';

export const REQUEST_TYPES = [
  ...[
    'account',
    'address',
    'archive',
    'clientType',
    'deposit',
    'document',
    'external',
    'investment',
    'partner',
    'profile',
  ],
  ...['transfer', 'verification', 'withdrawal', 'avatar', 'exchange', 'internalTransfer', 'quiz', 'deleteAccount'],
] as const;

const times = (row: { createTime: Date; updateTime?: Date | null | undefined }) => ({
  createTime: isoTime(row.createTime),
  updateTime: isoTimeOrNull(row.updateTime),
});

export const resolutionTypes = resource({
  path: '/resolutions/types',
  idParam: 'typeId',
  noun: 'resolution type',
  tag: 'Resolutions',
  entity: ResolutionType,
  id: 'id',
  permission: 'resolutions',
  filters: { enabled: byFlag('enabled'), name: contains('name') },
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      enabled: z.boolean(),
      requestTypes: z.array(z.string()),
      resources: z.array(Translation),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'ResolutionType' }),
  write: z.object({
    name: name(120),
    enabled: z.boolean().default(true),
    requestTypes: z.array(z.enum(REQUEST_TYPES)).max(50).default([]),
    resources: translations().default([]),
  }),
  present: (rows: ResolutionTypeRow[]) => rows.map((row) => ({ ...row, ...times(row) })),
});

export const resolutions = resource({
  path: '/resolutions',
  idParam: 'resolutionId',
  noun: 'resolution',
  tag: 'Resolutions',
  entity: Resolution,
  id: 'id',
  permission: 'resolutions',
  filters: { enabled: byFlag('enabled'), name: contains('name'), type: byId('typeId') },
  sorts: ['createTime', 'name'],
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      enabled: z.boolean(),
      type: idAndName(),
      description: z.string().nullable(),
      resources: z.array(Translation),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'Resolution' }),
  write: z.object({
    name: name(120),
    typeId: id(),
    enabled: z.boolean().default(true),
    description: text(4000).nullable().default(null),
    resources: translations().default([]),
  }),
  present: async (rows: ResolutionRow[], { em }) => {
    const types = await em.find(ResolutionType, { id: { $in: rows.map((row) => row.typeId) } });
    const named = new Map(types.map((type) => [type.id, { id: type.id, name: type.name }]));
    return rows.map((row) => ({
      ...row,
      ...times(row),
      description: row.description ?? null,
      type: named.get(row.typeId)!,
    }));
  },
});
