import { z } from 'zod';
import { assertPhoneFree } from '../../../activities/clients/kinds/phone.ts';
import { tellOldContact } from '../../../activities/clients/tell-old-contact.ts';
import { e164, phoneTypeOf } from '../../../activities/wizards/phone-numbers.ts';
import { ClientPhone, type ClientPhoneRow } from '../../../db/entities/clients.ts';
import { PHONE_TYPES } from '../../../db/repositories/client-phones.ts';
import { noteProfileChanges } from '../../../db/repositories/profile-changes.ts';
import { problem } from '../../kit/errors.ts';
import { byFlag, byId, byWord, contains } from '../../kit/filters.ts';
import { type Writing, resource } from '../../kit/resource.ts';
import { id, isoTime, isoTimeOrNull, time } from '../../kit/shapes.ts';

const Type = z.enum(PHONE_TYPES).nullable();
const ext = () =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'must be digits')
    .nullable();

const View = z
  .object({
    id: z.int(),
    clientId: z.int(),
    number: z.string().meta({ description: 'E.164' }),
    ext: z.string().nullable(),
    type: Type,
    confirmed: z.boolean().meta({ description: 'A code that was sent there came back, or an operator knows.' }),
    default: z.boolean().meta({ description: 'Codes and messages go there.' }),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Phone' });

/** /phones */
export const phones = resource({
  path: '/phones',
  idParam: 'phoneId',
  noun: 'phone',
  tag: 'Clients',
  entity: ClientPhone,
  id: 'id',
  permission: 'phones',
  confirm: true,
  clientProperty: 'clientId',
  filters: {
    clientId: byId('clientId'),
    number: contains('number'),
    ext: byWord('ext'),
    type: byWord('type'),
    confirmed: byFlag('confirmed'),
  },
  sorts: ['createTime', 'updateTime'],
  read: View,
  write: z.object({
    clientId: id(),
    number: z
      .string()
      .max(30)
      .refine((said) => e164(said) !== null, 'must be a phone number such as +995555123456')
      .transform((said) => e164(said)!),
    type: Type.optional().meta({ description: 'Default: as the numbering plan says.' }),
    ext: ext().default(null),
    confirmed: z.boolean().default(false),
    default: z.boolean().default(false),
  }),
  onlyOnCreate: ['clientId'],
  fields: async ({ default: isDefault, ...body }, { db, actor, ring }, row: ClientPhoneRow | null) => {
    const clientId = row?.clientId ?? body.clientId!;
    await db.query('select from client where client_id = $1 for update', [clientId]);
    if (body.number !== undefined) await assertPhoneFree(db, body.number, clientId, 'number');
    if (isDefault === false && row?.isDefault)
      throw problem(400, 'validation', 'Make another phone the default one instead.', 'default');
    const main = await mainNumber(db, clientId);
    const first = row === null && main === null;
    const number = body.number ?? row?.number ?? null;
    if (first || isDefault || row?.isDefault) await noteMain({ db, actor, ring }, clientId, main, number);
    if (isDefault && !row?.isDefault)
      await db.query('update client_phone set is_default = false where client_id = $1 and is_default', [clientId]);
    return {
      ...body,
      ...(body.number !== undefined && body.type === undefined && { type: phoneTypeOf(body.number) }),
      // What was confirmed was another number.
      ...(row && body.number !== undefined && body.number !== row.number && { confirmed: body.confirmed ?? false }),
      ...((first || isDefault !== undefined) && { isDefault: first || isDefault === true }),
    };
  },
  // His client first, as everybody does who saves a phone.
  beforeHeld: async (phoneId, db) => {
    await db.query(
      'select from client where client_id = (select client_id from client_phone where id = $1) for update',
      [phoneId],
    );
  },
  guard: async (row: ClientPhoneRow, change, writing) => {
    if (change === 'delete' && row.isDefault) await passDefaultOn(writing, row);
  },
  present: (rows: ClientPhoneRow[]) =>
    rows.map(({ isDefault, ...row }) => ({
      ...row,
      ext: row.ext ?? null,
      type: row.type ?? null,
      default: isDefault,
      createTime: isoTime(row.createTime),
      updateTime: isoTimeOrNull(row.updateTime),
    })),
  mask: (view) => ({ ...view, number: '*', ext: view.ext && '*' }),
  hides: ['number', 'ext'],
});

const mainNumber = async (db: Writing['db'], clientId: number): Promise<string | null> =>
  (
    await db.query<{ number: string }>('select number from client_phone where client_id = $1 and is_default', [
      clientId,
    ])
  ).rows[0]?.number ?? null;

/** In the client's history; and he is told. */
const noteMain = async (
  { db, actor, ring }: Pick<Writing, 'db' | 'actor' | 'ring'>,
  clientId: number,
  from: string | null,
  to: string | null,
): Promise<void> => {
  if (from === to) return;
  await noteProfileChanges(db, clientId, [{ type: 'phone', from, to }], actor.id);
  const { rows } = await db.query<{ email: string; locale: string; firstName: string }>(
    'select email, locale, first_name as "firstName" from client where client_id = $1',
    [clientId],
  );
  await tellOldContact(db, ring, 'phone', { ...rows[0]!, phone: from });
};

/** When the default phone goes, another takes its place, a confirmed one first. */
const passDefaultOn = async (writing: Writing, { id: phoneId, clientId, number }: ClientPhoneRow): Promise<void> => {
  const { db } = writing;
  await db.query('update client_phone set is_default = false where id = $1', [phoneId]);
  await db.query(
    `update client_phone set is_default = true, update_time = now()
      where id = (select id from client_phone where client_id = $1 and id <> $2 order by confirmed desc, id limit 1)`,
    [clientId, phoneId],
  );
  await noteMain(writing, clientId, number, await mainNumber(db, clientId));
};
