import { z } from 'zod';
import { ClientType, type ClientTypeRow } from '../../../db/entities/clients.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag, byWord, contains } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, name, time, Translation, translations } from '../../kit/shapes.ts';

const Group = z.enum(['individual', 'corporative']);

const shown = {
  id: z.int(),
  name: z.string(),
  group: Group,
  enabled: z.boolean(),
  default: z.boolean().meta({ description: 'Given to new clients.' }),
  wizard: z.boolean().meta({ description: 'Changing to it runs a wizard.' }),
  createTime: time(),
};

const shared = { idParam: 'typeId', noun: 'client type', entity: ClientType, id: 'id' as const };
const filters = { group: byWord('group'), name: contains('name') };

/** /clients/types */
export const clientTypes = resource({
  ...shared,
  path: '/clients/types',
  tag: 'Clients',
  permission: 'clientTypes',
  filters: { ...filters, enabled: byFlag('enabled') },
  read: z
    .object({
      ...shown,
      caption: z.string().nullable(),
      resources: z.array(Translation),
      updateTime: time().nullable(),
    })
    .meta({ id: 'ClientType' }),
  write: z.object({
    name: name(120),
    caption: name(120).nullable().default(null),
    group: Group,
    enabled: z.boolean().default(true),
    default: z.boolean().default(false),
    wizard: z.boolean().default(false),
    resources: translations().default([]),
  }),
  present: (rows: ClientTypeRow[]) =>
    rows.map(({ isDefault, ...row }) => ({
      ...row,
      caption: row.caption ?? null,
      default: isDefault,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
  fields: async ({ default: isDefault, ...body }, { db }, row: ClientTypeRow | null) => {
    const after = { isDefault: isDefault ?? row?.isDefault, enabled: body.enabled ?? row?.enabled };
    if (after.isDefault && !after.enabled)
      throw problem(400, 'validation', 'The type that new clients are given cannot be switched off.', 'enabled');
    if (isDefault && !row?.isDefault) await db.query('update client_type set is_default = false where is_default');
    return { ...body, ...(isDefault !== undefined && { isDefault }) };
  },
});

/** GET /my/clients/types: those a client may have. */
export const myClientTypes = resource({
  ...shared,
  path: '/my/clients/types',
  tag: 'My profile',
  access: 'client',
  filters,
  where: () => ({ enabled: true }),
  read: z.object(shown).meta({ id: 'MyClientType' }),
  present: (rows: ClientTypeRow[]) =>
    rows.map(({ isDefault, ...row }) => ({ ...row, default: isDefault, createTime: isoTime(row.createTime) })),
});
