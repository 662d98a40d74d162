import { z } from 'zod';
import { Manager, type ManagerRow } from '../../../db/entities/clients.ts';
import { HubUser } from '../../../db/entities/people.ts';
import { byFlag } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { id, isoTime, isoTimeOrNull, name, time } from '../../kit/shapes.ts';
import { assertKnown, whichClients } from './matching.ts';

const Title = z.enum(['mr.', 'mrs.']);
const CountryRule = z
  .enum(['deny', 'allow'])
  .meta({ description: 'Clients of `countryIds` are never given to him, or no others.' });
const language = () => z.string().regex(/^[a-z]{2}$/, 'must be a language such as en');

/** /managers: Back Office users who look after clients. `id` is the user's, as in a client's `manager`. */
export const managers = resource({
  path: '/managers',
  idParam: 'managerId',
  noun: 'manager',
  tag: 'Clients',
  entity: Manager,
  id: 'userId',
  permission: 'managers',
  filters: { enabled: byFlag('enabled'), default: byFlag('isDefault') },
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      email: z.string(),
      title: Title.nullable(),
      phone: z.string().nullable(),
      enabled: z.boolean().meta({ description: 'New clients are given to him.' }),
      default: z.boolean(),
      countryRule: CountryRule,
      countryIds: z.array(z.int()),
      clientTypeIds: z.array(z.int()),
      languages: z.array(z.string()),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'Manager' }),
  write: z.object({
    userId: id(),
    title: Title.nullable().default(null),
    phone: name(40).nullable().default(null),
    enabled: z.boolean().default(true),
    default: z
      .boolean()
      .default(false)
      .meta({ description: 'Comes first; without one those who fit take turns. At most one.' }),
    countryRule: CountryRule.default('deny'),
    ...whichClients(),
    languages: z.array(language()).max(50).default([]).meta({ description: 'Of clients. Empty: any.' }),
  }),
  onlyOnCreate: ['userId'],
  fields: async ({ default: isDefault, ...body }, writing, row: ManagerRow | null) => {
    await assertKnown(body, writing);
    if (isDefault && !row?.isDefault) await writing.db.query('update manager set is_default = false where is_default');
    return { ...body, ...(isDefault !== undefined && { isDefault }) };
  },
  present: async (rows: ManagerRow[], { em }) => {
    const users = await em.find(HubUser, { id: { $in: rows.map((row) => row.userId) } });
    const named = new Map(users.map((user) => [user.id, { name: user.name, email: user.email }]));
    return rows.map(({ userId, isDefault, ...row }) => ({
      ...row,
      ...named.get(userId)!,
      id: userId,
      title: row.title ?? null,
      phone: row.phone ?? null,
      default: isDefault,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    }));
  },
  mask: (view) => ({ ...view, name: '*', email: '*', phone: view.phone && '*' }),
});
