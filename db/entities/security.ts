import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import { stamps } from './stamps.ts';

export const SecurityPolicy = defineEntity({
  name: 'SecurityPolicy',
  tableName: 'security_policy',
  properties: {
    id: p.integer().primary(),
    permission: p.text().$type<'allow' | 'deny'>(),
    ip: p.text(),
    route: p.text(),
    active: p.boolean(),
    comment: p.text().nullable(),
    ...stamps(),
  },
});
export type SecurityPolicyRow = InferEntity<typeof SecurityPolicy>;

/** A block of the sign-in guard that has not ended; a view. */
export const BlockedClient = defineEntity({
  name: 'BlockedClient',
  tableName: 'blocked_client',
  properties: {
    id: p.integer().primary(),
    clientId: p.integer(),
    clientEmail: p.text(),
    ip: p.text().nullable(),
    expireTime: p.datetime(),
    ofCodes: p.boolean(),
    ...stamps(),
  },
});
export type BlockedClientRow = InferEntity<typeof BlockedClient>;
