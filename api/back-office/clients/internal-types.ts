import { z } from 'zod';
import { ClientInternalType, type ClientInternalTypeRow } from '../../../db/entities/clients.ts';
import { contains } from '../../kit/filters.ts';
import { refuseFixed, resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, name, time } from '../../kit/shapes.ts';

/** Our own: what the broker calls kinds of clients among themselves. */
export const internalTypes = resource({
  path: '/clients/internal-types',
  idParam: 'typeId',
  noun: 'internal type',
  tag: 'Clients',
  entity: ClientInternalType,
  id: 'id',
  permission: 'clientTypes',
  filters: { name: contains('name') },
  sorts: ['createTime', 'name'],
  read: z
    .object({ id: z.int(), name: z.string(), createTime: time(), updateTime: time().nullable() })
    .meta({ id: 'ClientInternalType' }),
  write: z.object({ name: name(120) }),
  present: (rows: ClientInternalTypeRow[]) =>
    rows.map((row) => ({ ...row, createTime: isoTime(row.createTime), updateTime: isoTimeOrNull(row.updateTime) })),
  guard: (row: ClientInternalTypeRow) => {
    // New clients have it.
    if (row.name === 'default') refuseFixed('The type default');
  },
});
