import { z } from 'zod';
import { personOf } from '../../activities/clients/kinds/profile.ts';
import { onlyNew, readInfo } from '../../activities/wizards/steps/profile-form.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import type { WantedChanges } from '../../domain/client-changes.ts';
import { HubFailure } from '../../domain/failures.ts';
import { actorName, type ClientActor } from '../kit/access.ts';
import { type Procedure, procedure, updateProcedures } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { atLeastOneField } from '../kit/shapes.ts';
import type { MoneyHub } from '../money/hub.ts';
import { MyProfile, myProfileView } from '../presenters/my-profile.ts';

const Body = atLeastOneField(
  z.strictObject({
    nickname: z
      .string()
      .trim()
      .max(50)
      .regex(/^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N} ._'’-]*$/u, 'must be letters, digits, blanks, . _ -')
      .nullable()
      .optional(),
    locale: z
      .string()
      .regex(/^[a-z]{2}_[A-Z]{2}$/, 'must look like en_US')
      .optional(),
    info: z
      .record(z.string().max(200), z.unknown())
      .optional()
      .meta({ description: 'firstName, lastName, middleName, birthday.' }),
  }),
);

const common = { tags: ['My profile'] as [string], access: 'client' as const, answer: MyProfile };

/** GET, PUT, PATCH /my/profile. */
export const myProfileProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('GET /my/profile', {
    ...common,
    summary: 'The profile of the client',
    handle: ({ actor }) => myProfileView(hub.pool, actor.id),
  }),

  ...updateProcedures('/my/profile', {
    ...common,
    summary: 'Change nickname or language',
    description:
      'Names and birthday are changed by the wizard of the profile, which asks for a code; what is so already may be sent along.',
    limit: perActor('30/m'),
    errors: [403],
    body: Body,
    handle: async ({ actor, body, requestId }) => {
      await inTransaction(hub.pool, async (db) => {
        await db.query(`select 1 from client where client_id = $1 for update`, [actor.id]);
        if (body.info !== undefined) await assertSame(db, actor, readInfo(body.info));
        await saveShown(db, actor, body, requestId);
      });
      return myProfileView(hub.pool, actor.id);
    },
  }),
];

const saveShown = async (
  db: Queryable,
  actor: ClientActor,
  { nickname, locale }: z.output<typeof Body>,
  requestId: string,
): Promise<void> => {
  const { rows } = await db.query<{ nickname: string | null; locale: string }>(
    `select nickname, locale from client where client_id = $1`,
    [actor.id],
  );
  const before = rows[0]!;
  const after = { nickname: nickname === undefined ? before.nickname : nickname, locale: locale ?? before.locale };
  if (after.nickname === before.nickname && after.locale === before.locale) return;
  if (after.nickname !== before.nickname && !(await brokerSetting(db, 'profile.changeNickname')))
    throw new HubFailure('Rejected', 'restricted', 'Nicknames cannot be changed here.', { field: 'nickname' });
  await db.query(`update client set nickname = $2, locale = $3, update_time = now() where client_id = $1`, [
    actor.id,
    after.nickname,
    after.locale,
  ]);
  const object = `client:${actor.id}`;
  await recordAudit(db, { actor: actorName(actor), action: 'clients.update', object, before, after, requestId });
};

/** A changed name or birthday takes a code, which only the wizard asks for. Apps send along what they were shown. */
const assertSame = async (
  db: Queryable,
  { id: clientId }: ClientActor,
  info: WantedChanges['profile'],
): Promise<void> => {
  if (Object.keys(onlyNew(info, await personOf(db, clientId))).length > 0)
    throw new HubFailure('Rejected', 'restricted', 'Names and birthday are changed by the wizard of the profile.', {
      field: 'info',
    });
};
