import { z } from 'zod';
import { FactorChange, type FactorChangeRow } from '../../../db/entities/people.ts';
import { FACTORS } from '../../../db/repositories/factors.ts';
import { resource } from '../../kit/resource.ts';
import type { PresentContext } from '../../kit/resource-spec.ts';
import { idAndName, isoTime, time } from '../../kit/shapes.ts';
import { maskColleague } from '../../presenters/colleague.ts';
import { asClientSees, ofClient, usersOf } from './changes-of-clients.ts';

/** objects-front-office 3. */
const MyChange = z
  .object({
    changeId: z.int(),
    type: z.enum(FACTORS),
    action: z.enum(['enabled', 'disabled']),
    changedBy: z.enum(['client', 'admin']),
    ip: z.string().nullable(),
    createTime: time(),
  })
  .meta({ id: 'MyFactorChange' });

/** objects-back-office 1.3. */
const Change = MyChange.extend({ clientId: z.int(), user: idAndName().nullable() }).meta({ id: 'FactorChange' });

const present = async (rows: FactorChangeRow[], { pool }: PresentContext) => {
  const users = await usersOf(pool, rows);
  return rows.map(({ id, clientId, type, action, userId, ip, createTime }) => ({
    ...{ changeId: id, clientId, type, action, ip: ip ?? null, createTime: isoTime(createTime) },
    changedBy: userId == null ? ('client' as const) : ('admin' as const),
    user: users.get(userId ?? 0) ?? null,
  }));
};

const shared = {
  idParam: 'changeId',
  noun: 'change of a second factor',
  entity: FactorChange,
  id: 'id' as const,
  clientProperty: 'clientId' as const,
  present,
};

/** GET /clients/{clientId}/2fa/changes. */
export const factorChanges = resource({
  ...shared,
  path: '/clients/{clientId}/2fa/changes',
  parent: ofClient,
  tag: 'Clients',
  permission: 'clients',
  read: Change,
  mask: (view) => ({ ...view, ip: view.ip && '*', user: view.user && maskColleague(view.user) }),
});

/** GET /my/2fa/changes. */
export const myFactorChanges = resource({
  ...shared,
  path: '/my/2fa/changes',
  tag: 'Second factors',
  access: 'client',
  read: MyChange,
  present: async (rows: FactorChangeRow[], context: PresentContext) => asClientSees(await present(rows, context)),
});
