import type pg from 'pg';
import { z } from 'zod';
import { assertPhoneFree } from '../../../activities/clients/kinds/phone.ts';
import { e164, phoneTypeOf } from '../../../activities/wizards/phone-numbers.ts';
import { tellOldContact } from '../../../activities/clients/tell-old-contact.ts';
import { queueMessage } from '../../../activities/messaging/queue-message.ts';
import { KeyRing } from '../../../config/key-ring.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { assignJurisdiction, assignManager } from '../../../db/repositories/assignments.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { phonesOf, removePhone, savePhone } from '../../../db/repositories/client-phones.ts';
import { deleteClient } from '../../../db/repositories/client-deletion.ts';
import { changeLevel } from '../../../db/repositories/kyc.ts';
import { noteProfileChanges } from '../../../db/repositories/profile-changes.ts';
import { revokeTokens } from '../../../db/repositories/refresh-tokens.ts';
import type { ApiDeps } from '../../deps.ts';
import { type UserActor, actorName, assertSees } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { savingFailures } from '../../kit/saving.ts';
import { idText } from '../../kit/shapes.ts';
import { Client, clientViews, maskClient } from '../../presenters/client.ts';
import { assertHoldsAll } from '../resources/grants.ts';
import { CLIENT_STATUS } from './client-lists.ts';
import { type ClientBody, columnsOf, CreateBody, UpdateBody } from './client-fields.ts';
import { historyOf } from './profile-history.ts';

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
  if (typeof number === 'string') {
    await assertPhoneFree(db, number, clientId, 'phone');
    await savePhone(db, clientId, { number, type: phoneTypeOf(number), isDefault: true });
  }
  const [main] = number === null ? await phonesOf(db, clientId) : [];
  if (main) await removePhone(db, clientId, main.id);
};

const internalTypeOf = async (db: Queryable, typeId: number | undefined): Promise<string | undefined> => {
  if (typeId === undefined) return undefined;
  const { rows } = await db.query<{ name: string }>('select name from client_internal_type where id = $1', [typeId]);
  if (!rows[0]) throw problem(400, 'not_found', 'There is no such internal type.', 'internalTypeId');
  return rows[0].name;
};

/** A level is given with its record. */
const giveLevel = (db: Queryable, actor: UserActor, clientId: number, levelId: number, requestId: string) =>
  changeLevel(db, {
    ...{ clientId, levelId, reason: 'manual', caption: 'Changed by an operator' },
    ...{ userId: actor.id, cause: { requestId } },
  });

const BEGINS_WITH = `
  select (select id from client_type where enabled order by is_default desc, id limit 1) as "typeId",
         (select id from verification_level order by is_default desc, index limit 1) as "verificationLevelId"`;

/** POST /clients, PATCH and DELETE /clients/{clientId}. No password is set: clients choose theirs themselves. */
export const clientWriteProcedures = ({ pool, access, settings }: ApiDeps): Procedure[] => {
  const ring = new KeyRing(settings.configKeys);
  return [
    procedure('POST /clients', {
      summary: 'Create a client',
      tags: ['Clients'],
      access: 'user',
      permission: 'clients.create',
      body: CreateBody,
      answer: Client,
      status: 201,
      idempotent: true,
      handle: ({ actor, body, once, requestId }) =>
        savingFailures('client', 'save', () =>
          inTransaction(pool, async (db) => {
            await once?.lock(db);
            const { sendMail, verificationLevelId: levelId, ...said } = body;
            const begins = (await db.query<ClientBody>(BEGINS_WITH)).rows[0]!;
            const columns = columnsOf({ ...begins, ...given(said) }, await internalTypeOf(db, said.internalTypeId));
            const made = await db.query<{ id: number }>(
              `insert into client (${columns.map(([column]) => column).join(', ')}) values (${columns.map((_one, n) => `$${n + 1}`).join(', ')})
             returning client_id as id`,
              columns.map(([, value]) => value),
            );
            const { id: clientId } = made.rows[0]!;
            if (levelId !== undefined) await giveLevel(db, actor, clientId, levelId, requestId);
            await saveMainPhone(db, clientId, body.phone);
            await saveTags(db, actor, clientId, [...(body.tagIds ?? []), ...actor.tagIds]);
            if (body.managerId === undefined) await assignManager(db, clientId);
            if (body.jurisdictionId === undefined) await assignJurisdiction(db, clientId);
            const view = (await clientViews(db, [clientId])).get(clientId)!;
            const what = { actor: actorName(actor), action: 'clients.create', object: `client:${clientId}` };
            await recordAudit(db, { ...what, after: view, requestId });
            // The sweep sends it.
            const key = `registerDone:${clientId}`;
            if (sendMail) await queueMessage(db, ring, { to: { clientId }, template: 'registerDone', key });
            const answer = actor.maskData ? maskClient(view) : view;
            await once?.finish(db, 201, answer);
            return answer;
          }),
        ),
    }),

    procedure('PATCH /clients/{clientId}', {
      summary: 'Change a client',
      tags: ['Clients'],
      access: 'user',
      permission: 'clients.update',
      confirm: true,
      description:
        'Whoever makes him deleted needs `clients.delete` too. Of a new e-mail or phone the old ones are told.',
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
            const wanted = body.statusId === undefined ? before.status : CLIENT_STATUS[body.statusId];
            if (wanted === 'deleted' && before.status !== 'deleted') {
              assertHoldsAll(actor, ['clients.delete'], 'statusId');
              await deleteClient(db, clientId);
            }
            const { verificationLevelId: levelId, ...rest } = body;
            const columns: [string, unknown][] = [
              ...columnsOf(rest, await internalTypeOf(db, body.internalTypeId)),
              ['update_time', new Date()],
            ];
            await db.query(
              `update client set ${columns.map(([column], n) => `${column} = $${n + 2}`).join(', ')} where client_id = $1`,
              [clientId, ...columns.map(([, value]) => value)],
            );
            if (levelId !== undefined) await giveLevel(db, actor, clientId, levelId, requestId);
            await saveMainPhone(db, clientId, body.phone);
            if (body.tagIds !== undefined) await saveTags(db, actor, clientId, body.tagIds);
            const moved = body.countryId !== undefined || body.typeId !== undefined;
            if (moved && body.jurisdictionId === undefined) await assignJurisdiction(db, clientId);
            const view = (await clientViews(db, [clientId])).get(clientId)!;
            const history = historyOf(before, view);
            await noteProfileChanges(db, clientId, history, actor.id);
            for (const kind of ['email', 'phone'] as const)
              if (body[kind] !== undefined && history.some(({ type }) => type === kind))
                await tellOldContact(db, ring, kind, before);
            const what = { actor: actorName(actor), action: 'clients.update', object: `client:${clientId}` };
            await recordAudit(db, { ...what, before, after: view, requestId });
            if (view.status !== 'active' && view.status !== before.status) {
              await revokeTokens(db, { subjects: [`client:${clientId}`] });
              access.forgetActor({ kind: 'client', id: clientId });
            }
            return actor.maskData ? maskClient(view) : view;
          }),
        ),
    }),

    procedure('DELETE /clients/{clientId}', {
      summary: 'Delete a client',
      description:
        'His history stays, his e-mail is free again. Refused while he has money, an open trading account, or anything under way.',
      tags: ['Clients'],
      access: 'user',
      permission: 'clients.delete',
      params: z.object({ clientId: idText() }),
      answer: null,
      errors: [409],
      handle: async ({ actor, params: { clientId }, requestId }) => {
        await inTransaction(pool, async (db) => {
          await assertSees(db, actor, clientId);
          await deleteClient(db, clientId);
          const object = `client:${clientId}`;
          await recordAudit(db, { actor: actorName(actor), action: 'clients.delete', object, requestId });
        });
        access.forgetActor({ kind: 'client', id: clientId });
      },
    }),
  ];
};

const given = (body: ClientBody): ClientBody =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
