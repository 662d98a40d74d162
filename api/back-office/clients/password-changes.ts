import { z } from 'zod';
import { PasswordChange, type PasswordChangeRow } from '../../../db/entities/people.ts';
import { PASSWORD_CHANGES } from '../../../db/repositories/client-passwords.ts';
import { resource } from '../../kit/resource.ts';
import type { PresentContext } from '../../kit/resource-spec.ts';
import { idAndName, isoTime, time } from '../../kit/shapes.ts';
import { maskColleague } from '../../presenters/colleague.ts';
import { asClientSees, ofClient, usersOf } from './changes-of-clients.ts';

/** objects-front-office 3. */
const MyChange = z
  .object({
    changeId: z.int(),
    type: z
      .enum(PASSWORD_CHANGES)
      .meta({ description: 'restored: by the client, signed out; changed: signed in; changedByAdmin: by an operator' }),
    ip: z.string().nullable(),
    createTime: time(),
  })
  .meta({ id: 'MyPasswordChange' });

/** objects-back-office 1.3. */
const Change = MyChange.extend({ clientId: z.int(), user: idAndName().nullable() }).meta({ id: 'PasswordChange' });

const present = async (rows: PasswordChangeRow[], { pool }: PresentContext) => {
  const users = await usersOf(pool, rows);
  return rows.map(({ id, clientId, type, userId, ip, createTime }) => ({
    ...{ changeId: id, clientId, type, ip: ip ?? null, createTime: isoTime(createTime) },
    user: users.get(userId ?? 0) ?? null,
  }));
};

const shared = {
  idParam: 'changeId',
  noun: 'change of a password',
  entity: PasswordChange,
  id: 'id' as const,
  clientProperty: 'clientId' as const,
  present,
};

/** GET /clients/{clientId}/password/changes. */
export const passwordChanges = resource({
  ...shared,
  path: '/clients/{clientId}/password/changes',
  parent: ofClient,
  tag: 'Clients',
  permission: 'clients',
  read: Change,
  mask: (view) => ({ ...view, ip: view.ip && '*', user: view.user && maskColleague(view.user) }),
});

/** GET /my/password/changes. */
export const myPasswordChanges = resource({
  ...shared,
  path: '/my/password/changes',
  tag: 'Passwords',
  access: 'client',
  read: MyChange,
  present: async (rows: PasswordChangeRow[], context: PresentContext) => asClientSees(await present(rows, context)),
});
