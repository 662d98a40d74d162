import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import { stamps } from './stamps.ts';

/** An External connection, without its settings: those are sealed and read by plain SQL. */
export const Connection = defineEntity({
  name: 'Connection',
  tableName: 'connection',
  properties: {
    id: p.integer().primary(),
    provider: p.text(),
    name: p.text(),
    caption: p.text(),
    enabled: p.boolean(),
    version: p.integer(),
    ...stamps(),
  },
});
export type ConnectionRow = InferEntity<typeof Connection>;
