import { type InferEntity, defineEntity, p } from '@mikro-orm/postgresql';
import { stamps } from './stamps.ts';

export const MessageType = defineEntity({
  name: 'MessageType',
  tableName: 'message_type',
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    caption: p.text(),
    enabled: p.boolean(),
    parameters: p.json<{ name: string; caption: string; example: string }[]>(),
    lifetimeSeconds: p.integer().nullable(),
    ...stamps(),
  },
});
export type MessageTypeRow = InferEntity<typeof MessageType>;

export const MessageTemplate = defineEntity({
  name: 'MessageTemplate',
  tableName: 'message_template',
  properties: {
    id: p.integer().primary(),
    typeId: p.integer(),
    channel: p.text().$type<'email' | 'sms' | 'chat'>(),
    locale: p.text(),
    subject: p.text().nullable(),
    html: p.text().nullable(),
    text: p.text(),
    enabled: p.boolean(),
    ...stamps(),
  },
});
export type MessageTemplateRow = InferEntity<typeof MessageTemplate>;

/** Which connection sends what is on a channel, by priority. */
export const MessageRoute = defineEntity({
  name: 'MessageRoute',
  tableName: 'message_route',
  properties: {
    id: p.integer().primary(),
    channel: p.text().$type<'email' | 'sms' | 'chat'>(),
    connectionId: p.integer(),
    priority: p.integer(),
    enabled: p.boolean(),
    ...stamps(),
  },
});
export type MessageRouteRow = InferEntity<typeof MessageRoute>;

export const StorageValue = defineEntity({
  name: 'StorageValue',
  tableName: 'storage_value',
  properties: {
    id: p.integer().primary(),
    key: p.text(),
    value: p.text(),
    type: p.text().$type<'string' | 'html' | 'mail' | 'url'>(),
    ...stamps(),
  },
});
export type StorageValueRow = InferEntity<typeof StorageValue>;

/** A message without whom it goes to and what it says: those are sealed and read by plain SQL. */
export const Message = defineEntity({
  name: 'Message',
  tableName: 'message',
  properties: {
    id: p.integer().primary(),
    type: p.text(),
    channel: p.text().$type<'email' | 'sms' | 'chat'>(),
    locale: p.text(),
    clientId: p.integer().nullable(),
    userId: p.integer().nullable(),
    state: p.text(),
    attempts: p.integer(),
    connectionId: p.integer().nullable(),
    providerId: p.text().nullable(),
    providerStatus: p.text().nullable(),
    reason: p.text().nullable(),
    expiresAt: p.datetime().nullable(),
    nextAttempt: p.datetime().nullable(),
    ...stamps(),
  },
});
export type MessageListRow = InferEntity<typeof Message>;
