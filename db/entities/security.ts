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
