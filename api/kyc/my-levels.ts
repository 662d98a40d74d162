import { z } from 'zod';
import { loadClientRights } from '../../db/repositories/client-rights.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../kit/errors.ts';
import { listOf } from '../kit/list.ts';
import { type Procedure, procedure } from '../kit/procedure.ts';
import { idText } from '../kit/shapes.ts';
import { WIZARDS } from '../../domain/kyc.ts';
import { OFFERED } from './offered.ts';

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
  })
  .meta({ id: 'MyVerificationLevel' });

const SELECT = `
  select l.id, l.index, l.name, l.caption, l.description, l.mobile_description as "mobileDescription", l.is_default as "default", l.visible, l.wizard,
         l.next_level_id as "nextLevelId", '{}'::int[] as "requiredTestIds",
         case when l.id = cl.id then 'current' when l.index < cl.index then 'passed' when k.state in ('checking', 'on_hold') then 'pending'
              when l.wizard is null or k.state = 'rejected' then 'locked' else 'available' end as state
    from client c join verification_level cl on cl.id = c.verification_level_id
    join verification_level l on l.visible and (l.index <= cl.index or ${OFFERED}) left join kyc_case k on k.client_id = c.client_id and k.level_id = l.id
   where c.client_id = $1 and ($2::int is null or l.id = $2) order by l.index`;

/** GET /my/verifications/levels, and /my/permissions: what the client's level gives him. */
export const myLevelProcedures = ({ pool }: ApiDeps): Procedure[] => [
  procedure('GET /my/verifications/levels', {
    summary: 'Levels, and how far the client is',
    tags: ['My verification'],
    access: 'client',
    answer: listOf(MyLevel),
    handle: async ({ actor }) => {
      const { rows } = await pool.query<z.input<typeof MyLevel>>(SELECT, [actor.id, null]);
      return { total: rows.length, data: rows };
    },
  }),
  procedure('GET /my/verifications/levels/{levelId}', {
    summary: 'One level',
    tags: ['My verification'],
    access: 'client',
    params: z.object({ levelId: idText() }),
    answer: MyLevel,
    handle: async ({ actor, params }) => {
      const { rows } = await pool.query<z.input<typeof MyLevel>>(SELECT, [actor.id, params.levelId]);
      if (!rows[0]) throw notFound('level');
      return rows[0];
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
