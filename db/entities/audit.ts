import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import { stamps } from './stamps.ts';

/** A row of the audit, for looking; a view. */
export const AuditRecord = defineEntity({
  name: 'AuditRecord',
  tableName: 'audit_entry',
  properties: {
    id: p.bigint('number').primary(),
    seq: p.bigint('number').nullable(),
    actor: p.text(),
    name: p.text(),
    action: p.text(),
    category: p.text(),
    object: p.text(),
    clientId: p.integer().nullable(),
    before: p.json<Record<string, unknown>>().nullable(),
    after: p.json<Record<string, unknown>>().nullable(),
    workflowId: p.text().nullable(),
    requestId: p.text().nullable(),
    ...stamps(),
  },
});
export type AuditRecordRow = InferEntity<typeof AuditRecord>;
