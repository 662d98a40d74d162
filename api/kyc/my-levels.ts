import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import { loadClientRights, loadLevelRights } from '../../db/repositories/client-rights.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../kit/errors.ts';
import { listOf, pageOf, pageQuery } from '../kit/list.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { idText } from '../kit/shapes.ts';
import type { LevelLimits } from '../../domain/client-rights.ts';
import { type CaseState, WIZARDS } from '../../domain/kyc.ts';
import { type CaseDates, mayRenew } from '../../domain/kyc-dates.ts';
import { documentGroupsOf, GroupToShow } from './groups-to-show.ts';
import { MyLimits, myLimitsView } from './my-limits.ts';
import { IS_OFF, OFFERED } from './offered.ts';

const Permissions = z
  .object({
    verification: z.boolean(),
    converter: z.boolean(),
    deposits: z.boolean(),
    withdrawals: z.boolean(),
    internalTransfers: z.boolean(),
  })
  .meta({ id: 'ClientPermissions' });

/** A level as clients see it (objects-front-office 2.18). */
const MyLevel = z
  .object({
    id: z.int(),
    index: z.int(),
    name: z.string(),
    caption: z.string(),
    description: z.string().nullable(),
    mobileDescription: z.record(z.string(), z.unknown()).nullable(),
    default: z.boolean(),
    visible: z.boolean(),
    wizard: z.enum(WIZARDS).nullable(),
    nextLevelId: z.int().nullable(),
    requiredTestIds: z.array(z.int()),
    state: z.enum(['passed', 'current', 'available', 'locked', 'pending']),
    permissions: Permissions.meta({ description: 'What clients of this level may do.' }),
    limits: MyLimits.meta({ description: 'How much they may move, and of the client’s own level what is left of it.' }),
    documentGroups: z.array(GroupToShow),
    validUntil: z.iso.date().nullable().meta({ description: 'The last day of what proves this level.' }),
    renewable: z.boolean().meta({ description: 'What proves this level ends soon: the wizard may be begun again.' }),
  })
  .meta({ id: 'MyVerificationLevel' });

const SELECT = `
  select l.id, l.index, l.name, l.caption, l.description, l.mobile_description as "mobileDescription", l.is_default as "default", l.visible, l.wizard,
         l.next_level_id as "nextLevelId", '{}'::int[] as "requiredTestIds",
         case when l.id = cl.id then 'current' when l.index < cl.index then 'passed' when k.state in ('checking', 'on_hold') then 'pending'
              when l.wizard is null or k.state = 'rejected' or ${IS_OFF} then 'locked' else 'available' end as state,
         case when l.index <= cl.index then to_char(k.valid_until, 'YYYY-MM-DD') end as "validUntil", k.state as "caseState",
         l.limits, l.remind_before_days as "remindBeforeDays", l.index <= cl.index as "hasLevel"
    from client c join verification_level cl on cl.id = c.verification_level_id
    join verification_level l on l.visible and (l.index <= cl.index or ${OFFERED}) left join kyc_case k on k.client_id = c.client_id and k.level_id = l.id
   where c.client_id = $1 and ($2::int is null or l.id = $2) order by l.index`;

type Row = Omit<z.input<typeof MyLevel>, 'permissions' | 'limits' | 'documentGroups' | 'renewable'> &
  Pick<CaseDates, 'remindBeforeDays' | 'hasLevel' | 'validUntil'> & {
    caseState: CaseState | null;
    limits: LevelLimits;
  };

const levelsOf = async (
  db: Queryable,
  clientId: number,
  levelId: number | null,
): Promise<z.input<typeof MyLevel>[]> => {
  const { rows } = await db.query<Row>(SELECT, [clientId, levelId]);
  const ids = rows.map(({ id }) => id);
  const [rights, groups] = [await loadLevelRights(db, ids), await documentGroupsOf(db, ids)];
  const view = async ({ caseState, remindBeforeDays, hasLevel, limits, ...level }: Row) => ({
    ...level,
    permissions: rights.get(level.id)!,
    limits: await myLimitsView(db, limits, level.state === 'current' ? clientId : null),
    documentGroups: groups.get(level.id) ?? [],
    renewable:
      hasLevel &&
      caseState !== null &&
      mayRenew({ state: caseState, validUntil: level.validUntil, remindBeforeDays, hasLevel }, new Date()),
  });
  return Promise.all(rows.map(view));
};

/** GET /my/verifications/levels, and /my/permissions: what the client's level gives him. */
export const myLevelProcedures = ({ pool }: ApiDeps): Procedure[] => [
  procedure('GET /my/verifications/levels', {
    summary: 'Levels, and how far the client is',
    tags: ['My verification'],
    access: 'client',
    query: z.object(pageQuery),
    answer: listOf(MyLevel),
    handle: async ({ actor, query }) => pageOf(await levelsOf(pool, actor.id, null), query),
  }),
  procedure('GET /my/verifications/levels/{levelId}', {
    summary: 'One level',
    tags: ['My verification'],
    access: 'client',
    params: z.object({ levelId: idText() }),
    answer: MyLevel,
    handle: async ({ actor, params }) => {
      const [level] = await levelsOf(pool, actor.id, params.levelId);
      if (!level) throw notFound('level');
      return level;
    },
  }),
  procedure('GET /my/permissions', {
    summary: 'What the client may do',
    tags: ['My verification'],
    access: 'client',
    answer: Permissions,
    handle: async ({ actor }) => (await loadClientRights(pool, actor.id)).may,
  }),
];
