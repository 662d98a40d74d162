import { z } from 'zod';
import {
  DocumentGroup,
  type DocumentGroupRow,
  DocumentType,
  type DocumentTypeRow,
} from '../../../db/entities/verification.ts';
import { byFlag, byId, byWord, custom } from '../../kit/filters.ts';
import { raw } from '@mikro-orm/postgresql';
import { resource } from '../../kit/resource.ts';
import { id, idText, name, text, Translation, translations } from '../../kit/shapes.ts';

const Group = z
  .object({
    id: z.int(),
    name: z.string(),
    description: z.string(),
    type: z
      .enum(['one', 'all'])
      .meta({ description: 'one: any type of the group is enough; all: every one is needed.' }),
    enabled: z.boolean(),
    priority: z.int(),
    resources: z.array(Translation),
  })
  .meta({ id: 'DocumentGroup' });

const Type = z
  .object({
    id: z.int(),
    name: z.string(),
    description: z.string(),
    enabled: z.boolean(),
    example: z.string(),
    group: Group,
    maxFiles: z.int(),
    priority: z.int(),
    resources: z.array(Translation),
  })
  .meta({ id: 'DocumentType' });

const priority = () => z.int().min(-1_000_000).max(1_000_000).default(0);

export const documentGroups = resource({
  path: '/documents/groups',
  idParam: 'groupId',
  noun: 'document group',
  tag: 'Documents',
  entity: DocumentGroup,
  id: 'id',
  permission: 'documents',
  filters: {
    type: byWord('type'),
    enabled: byFlag('enabled'),
    typeId: custom(idText(), (typeId) => ({
      [raw(
        (alias) => `exists (select from document_type t where t.group_id = ${alias}.id and t.id = ${typeId})`,
      ) as never]: [],
    })),
  },
  sorts: ['createTime', 'priority'],
  read: Group,
  write: z.object({
    name: name(120),
    type: z.enum(['one', 'all']),
    description: text(4000).default(''),
    enabled: z.boolean().default(true),
    priority: priority(),
    resources: translations().default([]),
  }),
  present: (rows: DocumentGroupRow[]) => rows,
});

export const documentTypes = resource({
  path: '/documents/types',
  idParam: 'typeId',
  noun: 'document type',
  tag: 'Documents',
  entity: DocumentType,
  id: 'id',
  permission: 'documents',
  filters: { enabled: byFlag('enabled'), groupId: byId('groupId') },
  sorts: ['createTime', 'priority'],
  read: Type,
  write: z.object({
    name: name(120),
    groupId: id(),
    description: text(4000).default(''),
    enabled: z.boolean().default(true),
    example: text(2000).default(''),
    maxFiles: z.int().min(1).max(20).default(3),
    priority: priority(),
    resources: translations().default([]),
  }),
  present: async (rows: DocumentTypeRow[], { em }) => {
    const groups = await em.find(DocumentGroup, { id: { $in: rows.map((row) => row.groupId) } });
    const named = new Map(groups.map((group) => [group.id, group]));
    return rows.map((row) => ({ ...row, group: named.get(row.groupId)! }));
  },
});
