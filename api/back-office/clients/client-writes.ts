import type pg from 'pg';
import { z } from 'zod';
import { e164, phoneTypeOf } from '../../../activities/wizards/phone-numbers.ts';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { phonesOf, removePhone, savePhone } from '../../../db/repositories/client-phones.ts';
import { changeLevel } from '../../../db/repositories/kyc.ts';
import { noteProfileChanges } from '../../../db/repositories/profile-changes.ts';
import type { ApiDeps } from '../../deps.ts';
import { type UserActor, actorName, assertSees } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { savingFailures } from '../../kit/saving.ts';
import { atLeastOneField, email, id, idText, name, text } from '../../kit/shapes.ts';
import { Client, clientViews, maskClient } from '../../presenters/client.ts';
import { historyOf } from './profile-history.ts';
import { CLIENT_STATUS, INTERNAL_TYPE, RISK_LEVEL } from './client-lists.ts';

const optional = <S extends z.ZodType>(schema: S) => schema.nullable().optional();
const among = (words: Record<number, string>) =>
  z.int().refine((value) => value in words, `must be among ${Object.keys(words).join(', ')}`);

const fields = {
  middleName: text(100).optional(),
  nickname: optional(name(100)),
  birthday: optional(
    z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}(T00:00:00(\.0+)?(Z|\+00:00))?$/, 'must be a date such as 1990-05-01')
      .refine(isPastDay, 'must be a day in the past'),
  ),
  locale: z
    .string()
    .regex(/^[a-z]{2}_[A-Z]{2}$/, 'must look like en_US')
    .optional(),
  phone: optional(
    z
      .string()
      .max(30)
      .refine((said) => e164(said) !== null, 'must be a phone number such as +995555123456'),
  ),
  city: optional(name(100)),
  countryId: optional(id()),
  typeId: id().optional(),
  internalTypeId: among(INTERNAL_TYPE).optional(),
  managerId: optional(id()),
  riskLevelId: optional(among(RISK_LEVEL)),
  statusId: among(CLIENT_STATUS).optional(),
  verificationLevelId: z.int().min(-1_000_000).max(1_000_000).optional(),
  tagIds: z.array(id()).max(100).optional(),
  company: z.strictObject({ fullName: optional(name(200)), shortName: optional(name(100)) }).optional(),
};
const required = { email: email(), firstName: name(100), lastName: name(100) };
const CreateBody = z.strictObject({
  ...required,
  ...fields,
  analytics: z
    .array(z.strictObject({ property: name(64), value: text(2000).nullable() }))
    .max(50)
    .optional(),
});
const UpdateBody = atLeastOneField(
  z.strictObject({
    email: required.email.optional(),
    firstName: required.firstName.optional(),
    lastName: required.lastName.optional(),
    ...fields,
  }),
);
type Fields = z.output<typeof CreateBody>;
type Body = { [K in keyof Fields]?: Fields[K] | undefined };

function isPastDay(value: string): boolean {
  const day = value.slice(0, 10);
  const date = new Date(`${day}T00:00:00Z`);
  return (
    !Number.isNaN(date.getTime()) &&
    date.toISOString().startsWith(day) &&
    date < new Date() &&
    date.getUTCFullYear() >= 1900
  );
}

/** Column → value of what the body says; nothing for what it leaves out. */
const columnsOf = (body: Body): [string, unknown][] => {
  const all: Record<string, unknown> = {
    email: body.email,
    first_name: body.firstName,
    middle_name: body.middleName,
    last_name: body.lastName,
    nickname: body.nickname,
    birthday: body.birthday?.slice(0, 10) ?? body.birthday,
    city: body.city,
    country_id: body.countryId,
    company_full_name: body.company?.fullName,
    company_short_name: body.company?.shortName,
    locale: body.locale,
    internal_type: body.internalTypeId === undefined ? undefined : INTERNAL_TYPE[body.internalTypeId],
    risk_level: typeof body.riskLevelId === 'number' ? RISK_LEVEL[body.riskLevelId] : body.riskLevelId,
    status: body.statusId === undefined ? undefined : CLIENT_STATUS[body.statusId],
    manager_id: body.managerId,
    type_id: body.typeId,
    verification_level_id: body.verificationLevelId,
    analytics: body.analytics === undefined ? undefined : JSON.stringify(body.analytics),
  };
  return Object.entries(all).filter(([, value]) => value !== undefined);
};

const saveTags = async (
  db: pg.PoolClient,
  actor: UserActor,
  clientId: number,
  tagIds: readonly number[],
): Promise<void> => {
  const wanted = [...new Set(tagIds)];
  const known = await db.query('select 1 from tag where id = any($1)', [wanted]);
  if (known.rowCount !== wanted.length) throw problem(400, 'not_found', 'There is no such tag.', 'tagIds');
  // A person who sees only some tags changes only those: the others stay as they are.
  if (actor.tagIds.length > 0 && wanted.some((tag) => !actor.tagIds.includes(tag)))
    throw problem(403, 'forbidden', 'You may give your own tags only.', 'tagIds');
  await db.query(`delete from client_tag where client_id = $1 and ($2::int[] = '{}' or tag_id = any($2))`, [
    clientId,
    actor.tagIds,
  ]);
  await db.query('insert into client_tag (client_id, tag_id) select $1, unnest($2::int[]) on conflict do nothing', [
    clientId,
    wanted,
  ]);
};

/** The phone of a client is his default one; null takes that one away. */
const saveMainPhone = async (db: pg.PoolClient, clientId: number, said: string | null | undefined): Promise<void> => {
  const number = typeof said === 'string' ? e164(said)! : said;
  if (typeof number === 'string') await savePhone(db, clientId, { number, type: phoneTypeOf(number), isDefault: true });
  const [main] = number === null ? await phonesOf(db, clientId) : [];
  if (main) await removePhone(db, clientId, main.id);
};

/** POST /clients and PATCH /clients/{clientId}. No password is set: clients choose theirs themselves. */
export const clientWriteProcedures = ({ pool, access }: ApiDeps): Procedure[] => [
  procedure('POST /clients', {
    summary: 'Create a client',
    tags: ['Clients'],
    access: 'user',
    permission: 'clients.create',
    body: CreateBody,
    answer: Client,
    status: 201,
    idempotent: true,
    handle: (call) =>
      savingFailures('client', 'save', () =>
        inTransaction(pool, async (db) => {
          await call.once?.lock(db);
          const defaults: [string, unknown][] = [
            ...(call.body.typeId === undefined
              ? [
                  ['type_id', await first(db, 'select id from client_type where enabled order by id limit 1')] as [
                    string,
                    unknown,
                  ],
                ]
              : []),
            ...(call.body.verificationLevelId === undefined
              ? [
                  [
                    'verification_level_id',
                    await first(db, 'select id from verification_level order by is_default desc, index limit 1'),
                  ] as [string, unknown],
                ]
              : []),
          ];
          const columns = [...columnsOf(call.body), ...defaults];
          const made = await db.query<{ client_id: number }>(
            `insert into client (${columns.map(([column]) => column).join(', ')}) values (${columns.map((_one, n) => `$${n + 1}`).join(', ')}) returning client_id`,
            columns.map(([, value]) => value),
          );
          const clientId = made.rows[0]!.client_id;
          await saveMainPhone(db, clientId, call.body.phone);
          await saveTags(db, call.actor, clientId, [...(call.body.tagIds ?? []), ...call.actor.tagIds]);
          const view = (await clientViews(db, [clientId])).get(clientId)!;
          await recordAudit(db, {
            actor: actorName(call.actor),
            action: 'clients.create',
            object: `client:${clientId}`,
            after: view,
            requestId: call.requestId,
          });
          const answer = call.actor.maskData ? maskClient(view) : view;
          await call.once?.finish(db, 201, answer);
          return answer;
        }),
      ),
  }),

  procedure('PATCH /clients/{clientId}', {
    summary: 'Change a client',
    tags: ['Clients'],
    access: 'user',
    permission: 'clients.update',
    params: z.object({ clientId: idText() }),
    body: UpdateBody,
    answer: Client,
    errors: [409],
    handle: ({ actor, params: { clientId }, body, requestId }) =>
      savingFailures('client', 'save', () =>
        inTransaction(pool, async (db) => {
          await assertSees(db, actor, clientId);
          await db.query('select 1 from client where client_id = $1 for update', [clientId]);
          const before = (await clientViews(db, [clientId])).get(clientId)!;
          // A level is given with its record.
          const { verificationLevelId: levelId, ...rest } = body;
          const columns = [...columnsOf(rest), ['update_time', new Date()] as [string, unknown]];
          await db.query(
            `update client set ${columns.map(([column], n) => `${column} = $${n + 2}`).join(', ')} where client_id = $1`,
            [clientId, ...columns.map(([, value]) => value)],
          );
          if (levelId !== undefined) {
            const change = { clientId, levelId, reason: 'manual', caption: 'Changed by an operator' };
            await changeLevel(db, { ...change, userId: actor.id, cause: { requestId } });
          }
          await saveMainPhone(db, clientId, body.phone);
          if (body.tagIds !== undefined) await saveTags(db, actor, clientId, body.tagIds);
          const view = (await clientViews(db, [clientId])).get(clientId)!;
          await noteProfileChanges(db, clientId, historyOf(before, view), actor.id);
          await recordAudit(db, {
            actor: actorName(actor),
            action: 'clients.update',
            object: `client:${clientId}`,
            before,
            after: view,
            requestId,
          });
          if (view.status === 'banned' || view.status === 'deleted')
            access.forgetActor({ kind: 'client', id: clientId });
          return actor.maskData ? maskClient(view) : view;
        }),
      ),
  }),
];

const first = async (db: pg.PoolClient, sql: string): Promise<number> =>
  (await db.query<{ id: number }>(sql)).rows[0]!.id;
