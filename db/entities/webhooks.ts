import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import { stamps } from './stamps.ts';

/** What the list of callbacks is filtered by; bodies are read one at a time, by plain SQL. */
export const Webhook = defineEntity({
  name: 'Webhook',
  tableName: 'webhook',
  properties: {
    id: p.bigint('number').primary(),
    connectionId: p.integer(),
    status: p.text(),
    reason: p.text().nullable(),
    dedupeKey: p.text().nullable(),
    copies: p.integer(),
    workflowId: p.text().nullable(),
    attempts: p.integer(),
    remoteAddress: p.text().nullable(),
    nextAttempt: p.datetime().nullable(),
    ...stamps(),
  },
});
export type WebhookRow = InferEntity<typeof Webhook>;
