import { z } from 'zod';
import { Jurisdiction, type JurisdictionRow } from '../../../db/entities/clients.ts';
import { byFlag, contains } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, name, text, time } from '../../kit/shapes.ts';
import { assertKnown, whichClients } from './matching.ts';

/** /jurisdictions: under whose law clients fall. Clients are given one by their country and type. */
export const jurisdictions = resource({
  path: '/jurisdictions',
  idParam: 'jurisdictionId',
  noun: 'jurisdiction',
  tag: 'Clients',
  entity: Jurisdiction,
  id: 'id',
  permission: 'jurisdictions',
  filters: { enabled: byFlag('enabled'), caption: contains('caption') },
  sorts: ['createTime', 'priority', 'caption'],
  read: z
    .object({
      id: z.int(),
      caption: z.string(),
      description: z.string().nullable(),
      enabled: z.boolean(),
      countryIds: z.array(z.int()).meta({ description: 'Empty: any country.' }),
      clientTypeIds: z.array(z.int()),
      priority: z.int().meta({ description: 'Of several that fit the lowest counts.' }),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'Jurisdiction' }),
  write: z.object({
    caption: name(120),
    description: text(4000).nullable().default(null),
    enabled: z.boolean().default(true),
    ...whichClients(),
    priority: z.int().min(0).max(1_000_000).default(0),
  }),
  fields: async (body, writing) => {
    await assertKnown(body, writing);
    return body;
  },
  present: (rows: JurisdictionRow[]) =>
    rows.map((row) => ({
      ...row,
      description: row.description ?? null,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
});
