import type pg from 'pg';
import { z } from 'zod';
import { type Queryable, inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { RIGHTS } from '../../../domain/rights.ts';
import type { ApiDeps } from '../../deps.ts';
import { type UserActor, actorName } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { savingFailures } from '../../kit/saving.ts';
import { flagText, name } from '../../kit/shapes.ts';
import { keepAnAdministrator } from './administrators.ts';
import { assertHoldsAll } from './grants.ts';
import { Permissions } from './groups.ts';

const Right = z
  .object({
    section: z.string(),
    resource: z.string(),
    action: z.string().meta({ description: 'read, create, update, delete, or one of its own' }),
    name: z.string(),
  })
  .meta({ id: 'Right' });

/** The file of an export: an import takes it as it is. */
const Exported = z
  .object({ groups: z.array(z.object({ name: z.string(), permissions: z.array(z.string()) })) })
  .meta({ id: 'GroupRights' });
const ImportBody = z
  .strictObject({ groups: z.array(z.strictObject({ name: name(120), permissions: Permissions })).max(500) })
  .refine(
    ({ groups }) => new Set(groups.map((one) => one.name)).size === groups.length,
    'must name each group only once',
  );

const Imported = z
  .object({
    dryRun: z.boolean(),
    created: z.array(z.string()),
    changed: z.array(z.object({ name: z.string(), added: z.array(z.string()), removed: z.array(z.string()) })),
    unchanged: z.array(z.string()),
  })
  .meta({ id: 'ImportedGroupRights' });

interface Group {
  id: number;
  name: string;
  permissions: string[];
  fixed: boolean;
}
type Wanted = z.output<typeof ImportBody>['groups'][number];

const common = { tags: ['Users and groups'] as [string], access: 'user' as const };

/** Which rights there are; the rights of all groups as a file, and back from it. */
export const groupRightsProcedures = ({ pool }: ApiDeps): Procedure[] => [
  procedure('GET /groups/permissions', {
    ...common,
    summary: 'Rights a group can be given',
    permission: 'groups.read',
    answer: z.object({ total: z.int(), data: z.array(Right) }),
    handle: () => Promise.resolve({ total: RIGHTS.length, data: [...RIGHTS] }),
  }),

  procedure('GET /groups/export', {
    ...common,
    summary: 'Rights of all groups',
    permission: 'groups.read',
    confirm: true,
    answer: Exported,
    handle: async () => {
      const { rows } = await pool.query<Group>('select name, permissions from user_group order by id');
      return { groups: rows };
    },
  }),

  procedure('POST /groups/import', {
    ...common,
    summary: 'Give groups the rights of an export',
    description:
      'Groups are known by their names: those of the file are made or changed, others stay as they are. Who makes new ones needs `groups.create` too. With dryRun it is only said what would be done.',
    permission: 'groups.update',
    confirm: true,
    query: z.object({ dryRun: flagText().optional() }),
    body: ImportBody,
    answer: Imported,
    errors: [409],
    handle: ({ actor, query: { dryRun = false }, body, requestId }) =>
      importing(pool, async (db) => {
        const { rows } = await db.query<Group>(
          'select id, name, permissions, fixed from user_group order by id for update',
        );
        const known = new Map(rows.map((group) => [group.name, group]));
        const result: z.input<typeof Imported> = { dryRun, created: [], changed: [], unchanged: [] };
        for (const [n, wanted] of body.groups.entries()) {
          const group = known.get(wanted.name);
          const added = wanted.permissions.filter((one) => !group?.permissions.includes(one));
          const removed = (group?.permissions ?? []).filter((one) => !wanted.permissions.includes(one));
          if (group && added.length === 0 && removed.length === 0) {
            result.unchanged.push(wanted.name);
            continue;
          }
          assertMayChange(actor, wanted, group, `groups.${n}`);
          if (group) result.changed.push({ name: wanted.name, added, removed });
          else result.created.push(wanted.name);
          if (!dryRun) await save(db, actor, wanted, group, requestId);
        }
        return result;
      }),
  }),
];

/** One at a time: two could make the same groups. What else changes rights takes its turn, too. */
const importing = <T>(pool: pg.Pool, work: (db: Queryable) => Promise<T>): Promise<T> =>
  savingFailures('group', 'save', () =>
    inTransaction(pool, async (db) => {
      const assertKept = await keepAnAdministrator(db);
      const result = await work(db);
      await assertKept();
      return result;
    }),
  );

const assertMayChange = (actor: UserActor, wanted: Wanted, group: Group | undefined, field: string): void => {
  if (group?.fixed) {
    const issue = `The group ${group.name} is fixed and cannot be changed.`;
    throw problem(409, 'fixed', issue, `${field}.name`);
  }
  if (!group) assertHoldsAll(actor, ['groups.create'], `${field}.name`);
  assertHoldsAll(actor, [...wanted.permissions, ...(group?.permissions ?? [])], `${field}.permissions`);
};

const save = async (
  db: Queryable,
  actor: UserActor,
  { name, permissions }: Wanted,
  before: Group | undefined,
  requestId: string,
): Promise<void> => {
  const { rows } = await db.query<{ id: number }>(
    before
      ? 'update user_group set permissions = $2, update_time = now() where name = $1 returning id'
      : 'insert into user_group (name, permissions) values ($1, $2) returning id',
    [name, permissions],
  );
  await recordAudit(db, {
    actor: actorName(actor),
    action: before ? 'groups.update' : 'groups.create',
    object: `group:${rows[0]!.id}`,
    ...(before && { before: { name, permissions: before.permissions } }),
    after: { name, permissions },
    requestId,
  });
};
