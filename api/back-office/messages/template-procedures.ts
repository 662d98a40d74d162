import { z } from 'zod';
import { renderTemplate } from '../../../activities/messaging/render.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { loadSharedTexts } from '../../../db/repositories/templates.ts';
import { DEFAULT_TYPES, defaultTemplate } from '../../../db/seed/message-types.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { id, idText, text } from '../../kit/shapes.ts';
import {
  assertSharedTexts,
  assertUsable,
  html,
  storageValues,
  subject,
  templates,
  templateTypes,
} from './templates.ts';

const common = { tags: ['Templates'] as [string], access: 'user' as const };

const Preview = z
  .object({ subject: z.string().nullable(), html: z.string().nullable(), text: z.string() })
  .meta({ id: 'TemplatePreview' });

/** /templates, their types, preview and reset; /storage/values. */
export const templateProcedures = (deps: ApiDeps): Procedure[] => {
  const { pool } = deps;
  return [
    ...templateTypes(deps),

    procedure('POST /templates/types/{typeId}/reset', {
      ...common,
      summary: 'Bring back the original texts of a type',
      description: 'Its original templates say again what they said at first; templates of other locales stay.',
      permission: 'templates.update',
      params: z.object({ typeId: idText() }),
      answer: z.object({ reset: z.int() }).meta({ id: 'TemplatesReset' }),
      errors: [409],
      handle: ({ actor, params: { typeId }, requestId }) =>
        inTransaction(pool, async (db) => {
          const { rows } = await db.query<{ name: string }>(`select name from message_type where id = $1`, [typeId]);
          if (!rows[0]) throw notFound('template type');
          const { name } = rows[0];
          const originals = DEFAULT_TYPES.find((one) => one.name === name)?.templates ?? [];
          if (originals.length === 0) throw noOriginal();
          for (const { channel, locale, ...original } of originals) {
            await assertSharedTexts(db, original);
            await db.query(
              `insert into message_template (type_id, channel, locale, subject, html, text) values ($1, $2, $3, $4, $5, $6)
               on conflict (type_id, channel, locale) do update set subject = $4, html = $5, text = $6, update_time = now()`,
              [typeId, channel, locale, original.subject, original.html, original.text],
            );
          }
          await recordAudit(db, {
            actor: actorName(actor),
            action: 'templates.reset',
            object: `template-type:${typeId}`,
            requestId,
          });
          return { reset: originals.length };
        }),
    }),

    procedure('POST /templates/preview', {
      ...common,
      summary: 'See what a template makes of its parameters, without saving it',
      description: 'Parameters that are not given have their examples.',
      permission: 'templates.read',
      body: z.strictObject({
        typeId: id(),
        subject: subject().nullable().default(null),
        html: html().nullable().default(null),
        text: html(),
        parameters: z.record(z.string().max(64), text(4000)).default({}),
      }),
      answer: Preview,
      errors: [404],
      handle: async ({ body: { typeId, parameters, ...template } }) => {
        const known = await assertUsable(pool, typeId, template);
        const strange = Object.keys(parameters).find((name) => !known.includes(name));
        if (strange !== undefined)
          throw problem(400, 'validation', `There is no parameter '${strange}'.`, `parameters.${strange}`);
        const given = { ...(await examplesOf(pool, typeId)), ...parameters };
        const rendered = renderTemplate(template, given, await loadSharedTexts(pool));
        return { subject: rendered.subject ?? null, html: rendered.html ?? null, text: rendered.text };
      },
    }),

    procedure('POST /templates/{templateId}/reset', {
      ...common,
      summary: 'Bring back the original text of a template',
      permission: 'templates.update',
      params: z.object({ templateId: idText() }),
      answer: Preview.meta({ id: 'TemplateText' }),
      errors: [409],
      handle: ({ actor, params: { templateId }, requestId }) =>
        inTransaction(pool, async (db) => {
          const { rows } = await db.query<Record<'type' | 'channel' | 'locale', string> & { before: unknown }>(
            `select t.name as type, m.channel, m.locale, jsonb_build_object('subject', m.subject, 'html', m.html, 'text', m.text) as before
               from message_template m join message_type t on t.id = m.type_id where m.id = $1 for update of m`,
            [templateId],
          );
          if (!rows[0]) throw notFound('template');
          const { type, channel, locale, before } = rows[0];
          const original = defaultTemplate(type, channel, locale);
          if (!original) throw noOriginal();
          await assertSharedTexts(db, original);
          const { subject, html, text } = original;
          await db.query(
            `update message_template set subject = $2, html = $3, text = $4, update_time = now() where id = $1`,
            [templateId, subject, html, text],
          );
          await recordAudit(db, {
            actor: actorName(actor),
            action: 'templates.reset',
            object: `template:${templateId}`,
            before,
            after: { subject, html, text },
            requestId,
          });
          return { subject, html, text };
        }),
    }),

    ...templates(deps),
    ...storageValues(deps),
  ];
};

const examplesOf = async (db: Queryable, typeId: number): Promise<Record<string, string>> => {
  const { rows } = await db.query<{ parameters: { name: string; example: string }[] }>(
    `select parameters from message_type where id = $1`,
    [typeId],
  );
  return Object.fromEntries((rows[0]?.parameters ?? []).map(({ name, example }) => [name, example]));
};

const noOriginal = () => new HubFailure('Rejected', 'fixed', 'The hub brings no original of this: it was made here.');
