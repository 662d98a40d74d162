import { z } from 'zod';
import { Client, ProfileChange, type ProfileChangeRow } from '../../../db/entities/people.ts';
import { PROFILE_CHANGES } from '../../../db/repositories/profile-changes.ts';
import { anyOf } from '../../../db/unseen.ts';
import { byWords } from '../../kit/filters.ts';
import { type PresentContext, resource } from '../../kit/resource.ts';
import { idAndName, isoTime, time } from '../../kit/shapes.ts';
import { maskColleague } from '../../presenters/colleague.ts';

/** objects-back-office 1.3 */
const View = z
  .object({
    changeId: z.int(),
    clientId: z.int(),
    type: z.enum(PROFILE_CHANGES),
    oldValue: z.string().nullable(),
    newValue: z.string().nullable(),
    user: idAndName().nullable().meta({ description: 'Who changed or allowed it; null: the client alone.' }),
    createTime: time(),
  })
  .meta({ id: 'ProfileChange' });

const present = async (rows: ProfileChangeRow[], { pool }: PresentContext) => {
  const { rows: users } = await pool.query<{ id: number; name: string }>(
    `select id, name from hub_user where id = ${anyOf(1)}`,
    [rows.map(({ userId }) => userId ?? null)],
  );
  const named = new Map(users.map((user) => [user.id, user]));
  return rows.map(({ id, clientId, type, oldValue, newValue, userId, createTime }) => ({
    ...{ changeId: id, clientId, type },
    oldValue: oldValue ?? null,
    newValue: newValue ?? null,
    user: userId == null ? null : named.get(userId)!,
    createTime: isoTime(createTime),
  }));
};

/** GET /clients/{clientId}/changes: what changed about a client, old e-mails too. */
export const profileChanges = resource({
  path: '/clients/{clientId}/changes',
  parent: { param: 'clientId', property: 'clientId', noun: 'client', entity: Client, key: 'clientId' },
  idParam: 'changeId',
  noun: 'profile change',
  tag: 'Clients',
  entity: ProfileChange,
  id: 'id',
  permission: 'clients',
  clientProperty: 'clientId',
  filters: { type: byWords('type', PROFILE_CHANGES) },
  sorts: ['createTime'],
  read: View,
  present,
  mask: (view) => ({
    ...view,
    oldValue: view.oldValue && '*',
    newValue: view.newValue && '*',
    user: view.user && maskColleague(view.user),
  }),
});
