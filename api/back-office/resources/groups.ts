import { z } from 'zod';
import { UserGroup, type UserGroupRow } from '../../../db/entities/people.ts';
import { contains } from '../../kit/filters.ts';
import { refuseFixed, resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, name, time } from '../../kit/shapes.ts';
import { assertHoldsAll } from './grants.ts';

const Permission = z.string().regex(/^(\*|[A-Za-z]{1,40}\.[A-Za-z]{1,40})$/, 'must look like accounts.create');

export const groups = resource({
  path: '/groups',
  idParam: 'groupId',
  noun: 'group',
  tag: 'Users and groups',
  entity: UserGroup,
  id: 'id',
  permission: 'groups',
  confirm: true,
  filters: { name: contains('name') },
  sorts: ['createTime', 'name'],
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      permissions: z.array(z.string()),
      twoFactorRequired: z.boolean(),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'UserGroup' }),
  write: z.object({
    name: name(120),
    permissions: z
      .array(Permission)
      .max(500)
      .transform((all) => [...new Set(all)].sort()),
    twoFactorRequired: z.boolean().default(false),
  }),
  present: (rows: UserGroupRow[]) =>
    rows.map((row) => ({ ...row, createTime: isoTime(row.createTime), updateTime: isoTimeOrNull(row.updateTime) })),
  fields: (body, { actor }) => {
    assertHoldsAll(actor, body.permissions ?? [], 'permissions');
    return body;
  },
  guard: (row: UserGroupRow, _change, { actor }) => {
    if (row.fixed) refuseFixed(`The group ${row.name}`);
    assertHoldsAll(actor, row.permissions);
  },
});
