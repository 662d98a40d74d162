import { z } from 'zod';
import { HubUser, type HubUserRow } from '../../../db/entities/people.ts';
import { actorName } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { contains, custom } from '../../kit/filters.ts';
import { type Writing, resource } from '../../kit/resource.ts';
import { email, flagText, id, idAndName, isoTime, isoTimeOrNull, name, time } from '../../kit/shapes.ts';
import { breachedFault } from '../../../db/new-password.ts';
import { hashPassword } from '../../../db/passwords.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { revokeTokens } from '../../../db/repositories/refresh-tokens.ts';
import { openAllDoors } from '../../../db/repositories/sign-in-guard.ts';
import { dropChallengesOf } from '../../../db/repositories/user-challenges.ts';
import { keepAnAdministrator } from './administrators.ts';
import { assertHoldsAll, assertMayManage, seesMore } from './grants.ts';

const UserView = z
  .object({
    id: z.int(),
    name: z.string(),
    email: z.string(),
    active: z.boolean(),
    groups: z.array(idAndName()),
    tags: z.array(idAndName()),
    maskData: z.boolean(),
    twoFactor: z.enum(['email', 'totp']).nullable(),
    loggedAt: time().nullable(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'User' });

const ids = () =>
  z
    .array(id())
    .max(100)
    .transform((all) => [...new Set(all)]);

const UserBody = z.object({
  name: name(120),
  email: email(),
  password: z.string().min(8, 'must have at least 8 characters').max(1024),
  groupIds: ids(),
  active: z.boolean().default(true),
  tagIds: ids().default([]),
  maskData: z.boolean().default(false),
});
type Body = Partial<z.output<typeof UserBody>>;
type Named = { user_id: number; id: number; name: string };

export const users = resource({
  path: '/users',
  idParam: 'userId',
  noun: 'user',
  tag: 'Users and groups',
  entity: HubUser,
  id: 'id',
  permission: 'users',
  confirm: true,
  filters: {
    name: contains('name'),
    email: contains('email'),
    active: custom(flagText(), (onlyActive) => (onlyActive ? { active: true } : {})),
  },
  sorts: ['createTime', 'name', 'email'],
  read: UserView,
  write: UserBody,
  present: async (rows: HubUserRow[], { em }) => {
    const [groups, tags] = await Promise.all([named(em, 'group', 'user_group', rows), named(em, 'tag', 'tag', rows)]);
    return rows.map((row) => ({
      ...row,
      groups: groups.get(row.id) ?? [],
      tags: tags.get(row.id) ?? [],
      twoFactor: row.twoFactor ?? null,
      loggedAt: isoTimeOrNull(row.loggedAt),
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    }));
  },
  fields: async (body, { actor }) => {
    if (body.maskData === false && actor.maskData)
      throw problem(403, 'forbidden', 'You do not see personal data yourself.', 'maskData');
    const { password, groupIds: _groups, tagIds: _tags, ...fields } = body;
    const stolen = password === undefined ? null : await breachedFault(password);
    if (stolen) throw problem(400, 'validation', `password ${stolen}.`, 'password');
    return { ...fields, ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }) };
  },
  afterWrite: async (row: HubUserRow, body, writing) => {
    await saveGroups(row.id, body, writing);
    await saveTags(row.id, body, writing);
    if (body.password !== undefined || body.active === false) await signOutEverywhere(row.id, writing);
    if (body.password !== undefined) await openAllDoors(writing.db, { userId: row.id });
  },
  keeps: keepAnAdministrator,
  guard: async (row: HubUserRow, change, writing) => {
    if (change === 'delete' && row.id === writing.actor.id)
      throw problem(403, 'forbidden', 'You cannot delete yourself.');
    const { actor, db, requestId } = writing;
    await assertMayManage(actor, row.id, db);
    // The object does not show it, so that it was set is written down by itself.
    if (change !== 'delete' && change.password !== undefined)
      await recordAudit(db, { actor: actorName(actor), action: 'users.password', object: `user:${row.id}`, requestId });
    if (change === 'delete') await signOutEverywhere(row.id, writing);
  },
  mask: (view) => ({ ...view, email: '*', name: '*' }),
  hides: ['email', 'name'],
});

const named = async (
  em: Writing['em'],
  what: 'group' | 'tag',
  table: 'user_group' | 'tag',
  rows: readonly HubUserRow[],
) => {
  if (rows.length === 0) return new Map<number, { id: number; name: string }[]>();
  const marks = rows.map(() => '?').join(',');
  const found = await em.execute<Named[]>(
    `select j.user_id, x.id, x.name from hub_user_${what} j join ${table} x on x.id = j.${what}_id where j.user_id in (${marks}) order by x.id`,
    rows.map((row) => row.id),
  );
  return new Map(
    [...Map.groupBy(found, (one) => one.user_id)].map(([user, all]) => [
      user,
      all.map((one) => ({ id: one.id, name: one.name })),
    ]),
  );
};

const saveGroups = async (userId: number, { groupIds }: Body, { db, actor }: Writing): Promise<void> => {
  if (groupIds === undefined) return;
  const { rows: known } = await db.query<{ permissions: string[] }>(
    'select permissions from user_group where id = any($1::int[])',
    [`{${groupIds.join(',')}}`],
  );
  if (known.length < groupIds.length) throw problem(400, 'not_found', 'There is no such group.', 'groupIds');
  assertHoldsAll(
    actor,
    known.flatMap((group) => group.permissions),
    'groupIds',
  );
  await db.query('delete from hub_user_group where user_id = $1', [userId]);
  // In one order, as everybody does who holds several.
  for (const group of groupIds.toSorted((a, b) => a - b))
    await db.query('insert into hub_user_group (user_id, group_id) values ($1, $2)', [userId, group]);
};

const saveTags = async (userId: number, { tagIds }: Body, { db, actor }: Writing): Promise<void> => {
  if (tagIds === undefined) return;
  if (seesMore(actor, tagIds)) {
    throw problem(
      403,
      'forbidden',
      'You see clients with certain tags only, and can give no more than those.',
      'tagIds',
    );
  }
  const { rows: known } = await db.query('select id from tag where id = any($1::int[])', [`{${tagIds.join(',')}}`]);
  if (known.length < tagIds.length) throw problem(400, 'not_found', 'There is no such tag.', 'tagIds');
  await db.query('delete from hub_user_tag where user_id = $1', [userId]);
  for (const tag of tagIds) await db.query('insert into hub_user_tag (user_id, tag_id) values ($1, $2)', [userId, tag]);
};

const signOutEverywhere = async (userId: number, { db }: Writing): Promise<void> => {
  await revokeTokens(db, { subjects: [`user:${userId}`] });
  await dropChallengesOf(db, userId);
};
