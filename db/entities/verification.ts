import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import type { ClientRight, LevelLimits } from '../../domain/client-rights.ts';
import type { CaseState, Wizard } from '../../domain/kyc.ts';
import { stamps, translated } from './stamps.ts';

/** What proves who a client is, as the broker configures it, and what clients have handed in. */

export const DocumentGroup = defineEntity({
  name: 'DocumentGroup',
  tableName: 'document_group',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    type: p.text().$type<'one' | 'all'>(),
    description: p.text(),
    enabled: p.boolean(),
    priority: p.integer(),
    ...translated(),
    ...stamps(),
  },
});
export type DocumentGroupRow = InferEntity<typeof DocumentGroup>;

export const DocumentType = defineEntity({
  name: 'DocumentType',
  tableName: 'document_type',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    groupId: p.integer(),
    description: p.text(),
    enabled: p.boolean(),
    example: p.text(),
    maxFiles: p.integer(),
    priority: p.integer(),
    ...translated(),
    ...stamps(),
  },
});
export type DocumentTypeRow = InferEntity<typeof DocumentType>;

/** What lists are filtered and sorted by; written by plain SQL only, beside the file. */
export const ClientDocument = defineEntity({
  name: 'ClientDocument',
  tableName: 'client_document',
  properties: {
    documentId: p.integer().primary(),
    clientId: p.integer(),
    typeId: p.integer(),
    status: p.text(),
    ...stamps(),
  },
});
export type ClientDocumentRow = InferEntity<typeof ClientDocument>;

/** What lists are filtered and sorted by; written by plain SQL only. */
export const VerificationCase = defineEntity({
  name: 'VerificationCase',
  tableName: 'kyc_case',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    levelId: p.integer(),
    connectionId: p.integer().nullable(),
    state: p.text().$type<CaseState>(),
    reference: p.text(),
    providerId: p.text().nullable(),
    providerStatus: p.text().nullable(),
    reasons: p.array(),
    comment: p.text().nullable(),
    attempt: p.integer(),
    documentIds: p.array((id) => Number(id)),
    validUntil: p.date().nullable(),
    needsHuman: p.text().nullable(),
    workflowId: p.text(),
    ...stamps(),
  },
});
export type VerificationCaseRow = InferEntity<typeof VerificationCase>;

/** Never changed: `updateTime` is there for the list's filters only. */
export const VerificationRecord = defineEntity({
  name: 'VerificationRecord',
  tableName: 'verification_record',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    currentLevelId: p.integer(),
    previousLevelId: p.integer().nullable(),
    reason: p.text(),
    caption: p.text(),
    userId: p.integer().nullable(),
    ...stamps(),
  },
});
export type VerificationRecordRow = InferEntity<typeof VerificationRecord>;

export const VerificationLevel = defineEntity({
  name: 'VerificationLevel',
  tableName: 'verification_level',
  properties: {
    id: p.integer().primary(),
    index: p.integer(),
    name: p.text(),
    caption: p.text(),
    description: p.text().nullable(),
    mobileDescription: p.json<Record<string, unknown>>().nullable(),
    isDefault: p.boolean(),
    visible: p.boolean(),
    wizard: p.text().$type<Wizard>().nullable(),
    connectionId: p.integer().nullable(),
    programme: p.text().nullable(),
    nextLevelId: p.integer().nullable(),
    roleId: p.integer().nullable(),
    limits: p.json<LevelLimits>(),
    validDays: p.integer().nullable(),
    deadlineDays: p.integer().nullable(),
    remindAfterDays: p.array((text) => Number(text)),
    remindBeforeDays: p.array((text) => Number(text)),
    onExpiry: p.text().$type<'request' | 'levelDown'>(),
    ...translated(),
    ...stamps(),
  },
});
export type VerificationLevelRow = InferEntity<typeof VerificationLevel>;

export const LevelRestriction = defineEntity({
  name: 'LevelRestriction',
  tableName: 'verification_level_restriction',
  properties: {
    id: p.integer().primary(),
    levelId: p.integer(),
    restriction: p.text().$type<'verificationLevel' | 'country' | 'clientType'>(),
    type: p.text().$type<'deny' | 'allow'>(),
    enabled: p.boolean(),
    ruleIds: p.array((text) => Number(text)),
    ...stamps(),
  },
});
export type LevelRestrictionRow = InferEntity<typeof LevelRestriction>;

export const ClientRole = defineEntity({
  name: 'ClientRole',
  tableName: 'client_role',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    caption: p.text(),
    isDefault: p.boolean(),
    parentId: p.integer().nullable(),
    permissions: p.json<Partial<Record<ClientRight, boolean>>>(),
    ...stamps(),
  },
});
export type ClientRoleRow = InferEntity<typeof ClientRole>;
