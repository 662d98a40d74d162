import { z } from 'zod';
import { checkTemplate, sharedTextsIn, type TemplateText } from '../../../activities/messaging/render.ts';
import { secretsFault, strayTag } from '../../../activities/messaging/secrets-in-html.ts';
import {
  MessageTemplate,
  type MessageTemplateRow,
  MessageType,
  type MessageTypeRow,
  StorageValue,
  type StorageValueRow,
} from '../../../db/entities/messages.ts';
import type { Queryable } from '../../../db/pool.ts';
import {
  type EnabledTemplate,
  holdSharedTexts,
  loadEnabledTemplates,
  loadParameterNames,
  loadSharedTexts,
  standsAsHtml,
} from '../../../db/repositories/templates.ts';
import { CHANNELS, SECRET_PARAMETERS } from '../../../domain/messages.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { byFlag, byId, byWord, contains } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import type { Writing } from '../../kit/resource-spec.ts';
import { id, idAndName, isoTime, isoTimeOrNull, name, text, time } from '../../kit/shapes.ts';

const times = (row: { createTime: Date; updateTime?: Date | null | undefined }) => ({
  createTime: isoTime(row.createTime),
  updateTime: isoTimeOrNull(row.updateTime),
});

const Parameter = z
  .object({ name: z.string(), caption: z.string(), example: z.string() })
  .meta({ id: 'TemplateParameter' });

export const templateTypes = resource({
  path: '/templates/types',
  idParam: 'typeId',
  noun: 'template type',
  tag: 'Templates',
  entity: MessageType,
  id: 'id',
  permission: 'templates',
  confirm: true,
  operations: ['list', 'get', 'update'],
  filters: { enabled: byFlag('enabled'), name: contains('name') },
  sorts: ['name', 'createTime'],
  read: z
    .object({
      id: z.int(),
      name: z.string(),
      caption: z.string(),
      enabled: z.boolean(),
      parameters: z.array(Parameter).meta({ description: 'What its templates may use, besides `storage.<key>`.' }),
      lifetimeSeconds: z.int().nullable().meta({ description: 'Not sent any more after that; null = no limit.' }),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'TemplateType' }),
  write: z.object({
    caption: name(200),
    enabled: z.boolean(),
    lifetimeSeconds: z.int().min(10).max(31_536_000).nullable(),
  }),
  present: (rows: MessageTypeRow[]) =>
    rows.map((row) => ({ ...row, ...times(row), lifetimeSeconds: row.lifetimeSeconds ?? null })),
});

const Channel = z.enum(CHANNELS);
const locale = () => z.string().regex(/^[a-z]{2,3}(_[A-Z]{2})?$/, 'must be a locale such as en_US');
export const subject = () => text(500);
export const html = () => text(100_000);

export const Template = z
  .object({
    id: z.int(),
    type: idAndName(),
    channel: Channel,
    locale: z.string(),
    subject: z.string().nullable(),
    html: z.string().nullable(),
    text: z.string(),
    enabled: z.boolean(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Template' });

export const templates = resource({
  path: '/templates',
  idParam: 'templateId',
  noun: 'template',
  tag: 'Templates',
  entity: MessageTemplate,
  id: 'id',
  permission: 'templates',
  confirm: true,
  filters: { typeId: byId('typeId'), channel: byWord('channel'), locale: byWord('locale'), enabled: byFlag('enabled') },
  sorts: ['createTime', 'locale'],
  read: Template,
  write: z.object({
    typeId: id(),
    channel: Channel,
    locale: locale(),
    subject: subject().nullable().default(null),
    html: html().nullable().default(null),
    text: html().min(1, 'must not be empty'),
    enabled: z.boolean().default(true),
  }),
  fields: async (body, { db }, row: MessageTemplateRow | null): Promise<Partial<MessageTemplateRow>> => {
    const whole = { ...row, ...body };
    await holdSharedTexts(db);
    await assertUsable(db, whole.typeId!, {
      subject: whole.subject ?? null,
      html: whole.html ?? null,
      text: whole.text!,
    });
    return body;
  },
  present: async (rows: MessageTemplateRow[], { em }) => {
    const types = await em.find(MessageType, { id: { $in: rows.map((row) => row.typeId) } });
    const named = new Map(types.map((type) => [type.id, { id: type.id, name: type.name }]));
    return rows.map((row) => ({
      ...row,
      ...times(row),
      type: named.get(row.typeId)!,
      subject: row.subject ?? null,
      html: row.html ?? null,
    }));
  },
});

/** Refuses what could not be sent later: broken syntax, a parameter that its type does not have. */
export const assertUsable = async (db: Queryable, typeId: number, template: TemplateText): Promise<string[]> => {
  const parameters = await loadParameterNames(db, typeId);
  if (!parameters) throw notFound('template type', 'typeId');
  checkTemplate(template, parameters, await loadSharedTexts(db));
  return parameters;
};

/** Of originals, which the hub brings. */
export const assertSharedTexts = async (db: Queryable, template: TemplateText): Promise<void> => {
  await holdSharedTexts(db);
  const shared = await loadSharedTexts(db);
  const missing = [...sharedTextsIn(template)].find((key) => !Object.hasOwn(shared, key));
  if (missing !== undefined)
    throw problem(409, 'not_found', `Its original uses 'storage.${missing}', which was deleted: add it first.`);
};

/** How many are told by name. */
const TOLD = 5;

/** A template whose shared text is gone is not sent any more; one that tells a secret must not find HTML in a tag where text stood. */
const refuseUsed = async (
  { key, type }: StorageValueRow,
  change: { key?: string; type?: StorageValueRow['type'] } | 'delete',
  { db }: Writing,
) => {
  const isGone = change === 'delete' || (change.key ?? key) !== key;
  const becomesHtml = change !== 'delete' && !standsAsHtml(type) && standsAsHtml(change.type ?? type);
  if (!isGone && !becomesHtml) return;
  const using = (await loadEnabledTemplates(db)).filter((template) =>
    isGone ? sharedTextsIn(template).has(key) : hasInTag(template, key),
  );
  if (using.length === 0) return;
  const told = using.slice(0, TOLD).map(({ type: name, channel, locale }) => `${name} (${channel}, ${locale})`);
  const more = using.length > TOLD ? ` and ${using.length - TOLD} more` : '';
  const field = change === 'delete' ? undefined : isGone ? 'key' : 'type';
  throw problem(409, 'in_use', `Templates use it: ${told.join(', ')}${more}.`, field);
};

const hasInTag = ({ html, parameters }: EnabledTemplate, key: string): boolean =>
  html !== null && parameters.some((name) => SECRET_PARAMETERS.includes(name)) && secretsFault(html, [key]) !== null;

export const storageValues = resource({
  path: '/storage/values',
  idParam: 'valueId',
  noun: 'storage value',
  tag: 'Key-value storage',
  entity: StorageValue,
  id: 'id',
  permission: 'storage',
  confirm: true,
  filters: { key: contains('key'), value: contains('value'), type: byWord('type') },
  sorts: ['createTime', 'key'],
  read: z
    .object({
      id: z.int(),
      key: z.string(),
      value: z.string(),
      type: z.enum(['string', 'html', 'mail', 'url']),
      createTime: time(),
      updateTime: time().nullable(),
    })
    .meta({ id: 'StorageValue' }),
  write: z.object({
    key: z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must be 1 to 64 latin letters, digits or underscores'),
    value: text(100_000),
    type: z.enum(['string', 'html', 'mail', 'url']).default('string'),
  }),
  guard: refuseUsed,
  fields: (body, _writing, row: StorageValueRow | null): Partial<StorageValueRow> => {
    const { type, value } = { ...row, ...body };
    const stray = standsAsHtml(type!) ? strayTag(value!) : null;
    if (stray !== null) throw problem(400, 'validation', `A tag in it is not whole: '${stray}'.`, 'value');
    return body;
  },
  present: (rows: StorageValueRow[]) => rows.map((row) => ({ ...row, ...times(row) })),
});
