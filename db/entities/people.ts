import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import type { PROFILE_CHANGES } from '../repositories/profile-changes.ts';
import { stamps } from './stamps.ts';

export const UserGroup = defineEntity({
  name: 'UserGroup',
  tableName: 'user_group',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    permissions: p.array(),
    fixed: p.boolean().default(false),
    ...stamps(),
  },
});
export type UserGroupRow = InferEntity<typeof UserGroup>;

export const HubUser = defineEntity({
  name: 'HubUser',
  tableName: 'hub_user',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    email: p.text(),
    passwordHash: p.text().hidden(),
    active: p.boolean(),
    maskData: p.boolean(),
    twoFactor: p.text().$type<'email' | 'totp'>().nullable(),
    loggedAt: p.datetime().nullable(),
    ...stamps(),
  },
});
export type HubUserRow = InferEntity<typeof HubUser>;

/** What a list of clients is filtered and sorted by; the answer itself is read with one join (api/presenters/client.ts). */
export const Client = defineEntity({
  name: 'Client',
  tableName: 'client',
  properties: {
    clientId: p.integer().primary(),
    email: p.text(),
    firstName: p.text(),
    middleName: p.text(),
    lastName: p.text(),
    nickname: p.text().nullable(),
    city: p.text().nullable(),
    countryId: p.integer().nullable(),
    companyFullName: p.text().nullable(),
    companyShortName: p.text().nullable(),
    internalType: p.text(),
    riskLevel: p.text().nullable(),
    status: p.text(),
    managerId: p.integer().nullable(),
    typeId: p.integer(),
    verificationLevelId: p.integer(),
    ...stamps(),
  },
});
export type ClientRow = InferEntity<typeof Client>;

/** One line of a client's history. */
export const ProfileChange = defineEntity({
  name: 'ProfileChange',
  tableName: 'profile_change',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    type: p.text().$type<(typeof PROFILE_CHANGES)[number]>(),
    oldValue: p.text().nullable(),
    newValue: p.text().nullable(),
    userId: p.integer().nullable(),
    ...stamps(),
  },
});
export type ProfileChangeRow = InferEntity<typeof ProfileChange>;

/** One sign-in of a client, or an attempt at one. */
export const AuthorizationRecord = defineEntity({
  name: 'AuthorizationRecord',
  tableName: 'authorization_record',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    status: p.text().$type<'success' | 'failure'>(),
    ip: p.text(),
    userAgent: p.text().nullable(),
    reason: p.text().nullable(),
    createTime: p.datetime(),
    updateTime: p.datetime().nullable(),
  },
});
export type AuthorizationRecordRow = InferEntity<typeof AuthorizationRecord>;

/** A second factor that was switched on or off. */
export const FactorChange = defineEntity({
  name: 'FactorChange',
  tableName: 'factor_change',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    type: p.text().$type<'google' | 'sms' | 'email'>(),
    action: p.text().$type<'enabled' | 'disabled'>(),
    userId: p.integer().nullable(),
    ip: p.text().nullable(),
    createTime: p.datetime(),
    updateTime: p.datetime().nullable(),
  },
});
export type FactorChangeRow = InferEntity<typeof FactorChange>;

/** A password that a client or an operator has set. */
export const PasswordChange = defineEntity({
  name: 'PasswordChange',
  tableName: 'password_change',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    type: p.text().$type<'restored' | 'changed' | 'changedByAdmin'>(),
    userId: p.integer().nullable(),
    ip: p.text().nullable(),
    createTime: p.datetime(),
    updateTime: p.datetime().nullable(),
  },
});
export type PasswordChangeRow = InferEntity<typeof PasswordChange>;
