import { raw } from '@mikro-orm/postgresql';
import type pg from 'pg';
import { z } from 'zod';
import { AuditRecord, type AuditRecordRow } from '../../../db/entities/audit.ts';
import { byId, byWord, custom } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { idAndName, idText, isoTime, time, wordList } from '../../kit/shapes.ts';

const CATEGORIES = ['client', 'operation', 'system'] as const;
const ACTIONS = ['ADD', 'UPDATE', 'DELETE'] as const;

const Entry = z
  .object({
    id: z.int(),
    seq: z.int().nullable().meta({ description: 'Its place in the hash chain; null until the next sealing.' }),
    actor: z.string().meta({ description: 'user:7, client:7, workflow or system' }),
    actorName: z.string().nullable(),
    actorGroups: z.array(idAndName()),
    category: z.enum(CATEGORIES),
    action: z.enum(ACTIONS),
    name: z.string().meta({ description: 'What was done: clients.update' }),
    object: z.string(),
    clientId: z.int().nullable(),
    details: z.object({ before: z.unknown(), after: z.unknown() }),
    workflowId: z.string().nullable(),
    requestId: z.string().nullable(),
    createTime: time(),
  })
  .meta({ id: 'AuditEntry' });

interface Actor {
  actor: string;
  name: string;
  groups: { id: number; name: string }[];
}

const usersNamed = async (pool: pg.Pool, actors: readonly string[]): Promise<Map<string, Actor>> => {
  const { rows } = await pool.query<Actor>(
    `select 'user:' || u.id as actor, u.name,
            (select coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name) order by g.id), '[]')
               from hub_user_group ug join user_group g on g.id = ug.group_id where ug.user_id = u.id) as groups
       from hub_user u where 'user:' || u.id = any($1)`,
    [[...new Set(actors)]],
  );
  return new Map(rows.map((row) => [row.actor, row]));
};

/** GET /audit: who did what, when (b2core 6.12, Logs). Users who see some clients only see what concerns those. */
export const audit = resource({
  path: '/audit',
  idParam: 'entryId',
  noun: 'audit entry',
  tag: 'Audit',
  entity: AuditRecord,
  id: 'id',
  permission: 'audit',
  clientProperty: 'clientId',
  filters: {
    actor: byWord('actor'),
    groupId: custom(idText(), (group) => ({
      [raw(
        (alias) => `${alias}.actor in (select 'user:' || user_id from hub_user_group where group_id = ${group})`,
      ) as unknown as string]: [],
    })),
    category: custom(wordList(CATEGORIES), (words) => ({ category: { $in: words } })),
    action: custom(wordList(ACTIONS), (words) => ({ action: { $in: words } })),
    name: byWord('name'),
    object: byWord('object'),
    clientId: byId('clientId'),
    requestId: byWord('requestId'),
    workflowId: byWord('workflowId'),
  },
  sorts: { createTime: 'id' },
  read: Entry,
  present: async (rows: AuditRecordRow[], { pool }) => {
    const users = await usersNamed(
      pool,
      rows.map(({ actor }) => actor),
    );
    return rows.map(({ id, seq, actor, category, action, name, object, clientId, before, after, ...row }) => ({
      ...{ id, seq: seq ?? null, actor, name, object, clientId: clientId ?? null },
      actorName: users.get(actor)?.name ?? null,
      actorGroups: users.get(actor)?.groups ?? [],
      category: category as (typeof CATEGORIES)[number],
      action: action as (typeof ACTIONS)[number],
      details: { before: before ?? null, after: after ?? null },
      workflowId: row.workflowId ?? null,
      requestId: row.requestId ?? null,
      createTime: isoTime(row.createTime),
    }));
  },
  mask: (view) => ({ ...view, actorName: view.actorName && '*', details: { before: null, after: null } }),
});
