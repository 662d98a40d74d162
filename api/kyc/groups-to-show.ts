import { z } from 'zod';
import type { Queryable } from '../../db/pool.ts';
import { anyOf } from '../../db/unseen.ts';

/** A group of documents as clients see it (objects-front-office 2.18). */
export const GroupToShow = z
  .object({
    id: z.int(),
    name: z.string(),
    caption: z.string(),
    description: z.string(),
    type: z.enum(['one', 'all']),
    types: z.array(z.object({ id: z.int(), name: z.string(), caption: z.string(), description: z.string() })),
  })
  .meta({ id: 'DocumentGroupToShow' });

/** What each level asks for. */
export const documentGroupsOf = async (
  db: Queryable,
  levelIds: readonly number[],
): Promise<Map<number, z.input<typeof GroupToShow>[]>> => {
  const { rows } = await db.query<{ levelId: number; groups: z.input<typeof GroupToShow>[] }>(
    `select lg.level_id as "levelId", jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name, 'caption', g.name, 'description', g.description, 'type', g.type, 'types', t.types)
                                                order by g.priority, g.id) as groups
       from verification_level_group lg join document_group g on g.id = lg.group_id and g.enabled
       join (select group_id, jsonb_agg(jsonb_build_object('id', id, 'name', name, 'caption', name, 'description', description) order by priority, id) as types
               from document_type where enabled group by group_id) t on t.group_id = g.id
      where lg.level_id = ${anyOf(1)} group by lg.level_id`,
    [levelIds],
  );
  return new Map(rows.map(({ levelId, groups }) => [levelId, groups]));
};
