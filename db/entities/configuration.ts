import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import { stamps, translated } from './stamps.ts';

/** What the broker configures: plain rows, changed by people in the Back Office. */

export const Currency = defineEntity({
  name: 'Currency',
  tableName: 'currency',
  properties: {
    numericCode: p.integer().primary().autoincrement(false),
    alphabeticCode: p.text(),
    name: p.text(),
    minorUnit: p.smallint(),
    enabled: p.boolean(),
    hasDestinationTagOrMemo: p.boolean(),
    priority: p.integer(),
    icon: p.text().nullable(),
    ...translated(),
    ...stamps(),
  },
});
export type CurrencyRow = InferEntity<typeof Currency>;

export const ResolutionType = defineEntity({
  name: 'ResolutionType',
  tableName: 'resolution_type',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    enabled: p.boolean(),
    requestTypes: p.array(),
    ...translated(),
    ...stamps(),
  },
});
export type ResolutionTypeRow = InferEntity<typeof ResolutionType>;

export const Resolution = defineEntity({
  name: 'Resolution',
  tableName: 'resolution',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    typeId: p.integer(),
    enabled: p.boolean(),
    description: p.text().nullable(),
    ...translated(),
    ...stamps(),
  },
});
export type ResolutionRow = InferEntity<typeof Resolution>;

export const TransactionType = defineEntity({
  name: 'TransactionType',
  tableName: 'transaction_type',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    caption: p.text(),
    enabled: p.boolean(),
    ...translated(),
    ...stamps(),
  },
});
export type TransactionTypeRow = InferEntity<typeof TransactionType>;

export const Tag = defineEntity({
  name: 'Tag',
  tableName: 'tag',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    type: p.text(),
    color: p.text().nullable(),
    ...stamps(),
  },
});
export type TagRow = InferEntity<typeof Tag>;

export const ApprovalPolicy = defineEntity({
  name: 'ApprovalPolicy',
  tableName: 'approval_policy',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    kind: p.text().$type<'deposit' | 'withdrawal' | 'transfer'>(),
    currency: p.integer().nullable(),
    methodId: p.integer().nullable(),
    tagId: p.integer().nullable(),
    minAmount: p.decimal('string'),
    approvals: p.smallint(),
    priority: p.integer(),
    enabled: p.boolean(),
    ...stamps(),
  },
});
export type ApprovalPolicyRow = InferEntity<typeof ApprovalPolicy>;

export const PaymentGroup = defineEntity({
  name: 'PaymentGroup',
  tableName: 'payment_group',
  properties: {
    id: p.integer().primary(),
    direction: p.text().$type<'deposit' | 'withdrawal'>(),
    name: p.text(),
    caption: p.text(),
    description: p.text().nullable(),
    icon: p.text().nullable(),
    priority: p.integer(),
    ...translated(),
    ...stamps(),
  },
});
export type PaymentGroupRow = InferEntity<typeof PaymentGroup>;

export const PaymentMethod = defineEntity({
  name: 'PaymentMethod',
  tableName: 'payment_method',
  properties: {
    id: p.integer().primary(),
    direction: p.text().$type<'deposit' | 'withdrawal'>(),
    name: p.text(),
    caption: p.text(),
    description: p.text().nullable(),
    icon: p.text().nullable(),
    provider: p.text(),
    connectionId: p.integer(),
    flow: p.text().$type<'manual' | 'invoice' | 'address' | 'send'>(),
    libraryTimeToFund: p.text().nullable(),
    hideAmount: p.boolean(),
    hideProceed: p.boolean(),
    fields: p.json<Record<string, unknown>[]>(),
    instruction: p.text().nullable(),
    enabled: p.boolean(),
    priority: p.integer(),
    ...translated(),
    ...stamps(),
  },
});
export type PaymentMethodRow = InferEntity<typeof PaymentMethod>;

export const MethodCurrency = defineEntity({
  name: 'MethodCurrency',
  tableName: 'payment_method_currency',
  properties: {
    id: p.integer().primary(),
    methodId: p.integer(),
    type: p.text().$type<'TR' | 'PS'>(),
    currency: p.integer(),
    min: p.decimal('string'),
    max: p.decimal('string'),
    caption: p.text().nullable(),
    keyCaption: p.text().nullable(),
    icon: p.text().nullable(),
    enabled: p.boolean(),
    ...stamps(),
  },
});
export type MethodCurrencyRow = InferEntity<typeof MethodCurrency>;

export const MethodCommission = defineEntity({
  name: 'MethodCommission',
  tableName: 'payment_method_commission',
  properties: {
    id: p.integer().primary(),
    methodId: p.integer(),
    type: p.text().$type<'TR' | 'PSP'>(),
    currency: p.integer(),
    percent: p.decimal('string'),
    fix: p.decimal('string'),
    min: p.decimal('string'),
    max: p.decimal('string'),
    ...stamps(),
  },
});
export type MethodCommissionRow = InferEntity<typeof MethodCommission>;
