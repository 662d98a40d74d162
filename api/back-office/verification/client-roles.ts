import { z } from 'zod';
import { ClientRole, type ClientRoleRow } from '../../../db/entities/verification.ts';
import { CLIENT_RIGHTS } from '../../../domain/client-rights.ts';
import { problem } from '../../kit/errors.ts';
import { resource } from '../../kit/resource.ts';
import { id, idAndName, isoTime, isoTimeOrNull, name, time } from '../../kit/shapes.ts';

const Rights = z.partialRecord(z.enum(CLIENT_RIGHTS), z.boolean());

/** GET, POST … /clients/roles: client rights, which levels name. */
export const clientRoles = resource({
  path: '/clients/roles',
  idParam: 'roleId',
  noun: 'client role',
  tag: 'Clients',
  entity: ClientRole,
  id: 'id',
  permission: 'clientRoles',
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      caption: z.string(),
      default: z.boolean(),
      parent: idAndName().nullable(),
      permissions: Rights.meta({ description: 'What is not named comes from the parent; at the root it is allowed.' }),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'ClientRole' }),
  write: z.object({
    name: name(120),
    caption: name(120),
    parentId: id().nullable().default(null),
    default: z.boolean().default(false),
    permissions: Rights.default({}),
  }),
  fields: async ({ default: isDefault, ...body }, { db }, row: ClientRoleRow | null) => {
    if (row && body.parentId === row.id) throw problem(400, 'validation', 'A role is not its own parent.', 'parentId');
    if (isDefault && !row?.isDefault) await db.query('update client_role set is_default = false where is_default');
    return { ...body, ...(isDefault !== undefined && { isDefault }) };
  },
  present: async (rows: ClientRoleRow[], { em }) => {
    const parents = await em.find(ClientRole, { id: { $in: rows.flatMap((row) => row.parentId ?? []) } });
    const named = new Map(parents.map((one) => [one.id, { id: one.id, name: one.name }]));
    return rows.map(({ isDefault, ...row }) => ({
      ...row,
      default: isDefault,
      parent: (row.parentId != null && named.get(row.parentId)) || null,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    }));
  },
});
