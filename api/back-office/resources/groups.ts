import { z } from 'zod';
import { UserGroup, type UserGroupRow } from '../../../db/entities/people.ts';
import { isRight } from '../../../domain/rights.ts';
import { contains } from '../../kit/filters.ts';
import { refuseFixed, resource } from '../../kit/resource.ts';
import { isoTime, isoTimeOrNull, name, time } from '../../kit/shapes.ts';
import { keepAnAdministrator } from './administrators.ts';
import { assertHoldsAll } from './grants.ts';

/** Sorted, each once. */
export const Permissions = z
  .array(
    z.string().refine(isRight, {
      error: ({ input }) => `is no right: ${String(input).slice(0, 80)}`,
    }),
  )
  .max(500)
  .transform((all) => [...new Set(all)].sort());

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
    permissions: Permissions,
    twoFactorRequired: z.boolean().default(false),
  }),
  present: (rows: UserGroupRow[]) =>
    rows.map((row) => ({ ...row, createTime: isoTime(row.createTime), updateTime: isoTimeOrNull(row.updateTime) })),
  fields: (body, { actor }) => {
    assertHoldsAll(actor, body.permissions ?? [], 'permissions');
    return body;
  },
  keeps: keepAnAdministrator,
  guard: (row: UserGroupRow, _change, { actor }) => {
    if (row.fixed) refuseFixed(`The group ${row.name}`);
    assertHoldsAll(actor, row.permissions);
  },
});
