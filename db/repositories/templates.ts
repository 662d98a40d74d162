import type { Queryable } from '../pool.ts';

export interface StoredTemplate {
  channel: 'email' | 'sms' | 'chat';
  locale: string;
  subject: string | null;
  html: string | null;
  text: string;
}

/** Whether a shared text of this type stands in HTML as it is; others are escaped there. */
export const standsAsHtml = (type: string): boolean => type === 'html' || type === 'mail';

/** Shared texts by key, as templates use them. */
export const loadSharedTexts = async (db: Queryable): Promise<Record<string, { value: string; isHtml: boolean }>> => {
  const { rows } = await db.query<{ key: string; value: string; type: string }>(
    `select key, value, type from storage_value`,
  );
  return Object.fromEntries(rows.map(({ key, value, type }) => [key, { value, isHtml: standsAsHtml(type) }]));
};

/** Before a template that uses some of them is saved: whoever deletes one waits, and finds the template then. */
export const holdSharedTexts = async (db: Queryable): Promise<void> => {
  await db.query(`select id from storage_value order by id for key share`);
};

export interface EnabledTemplate extends StoredTemplate {
  /** Name of its type. */
  type: string;
  /** Names of those its type has. */
  parameters: string[];
}

/** All that may be sent. */
export const loadEnabledTemplates = async (db: Queryable): Promise<EnabledTemplate[]> => {
  const { rows } = await db.query<EnabledTemplate>(
    `select t.name as type, m.channel, m.locale, m.subject, m.html, m.text, array(select one ->> 'name' from jsonb_array_elements(t.parameters) one) as parameters
       from message_template m join message_type t on t.id = m.type_id
      where m.enabled order by t.name, m.channel, m.locale`,
  );
  return rows;
};

/** What templates of this type may use; null when there is no such type. */
export const loadParameterNames = async (db: Queryable, typeId: number): Promise<string[] | null> => {
  const { rows } = await db.query<{ names: string[] }>(
    `select array(select one ->> 'name' from jsonb_array_elements(parameters) one) as names from message_type where id = $1`,
    [typeId],
  );
  return rows[0]?.names ?? null;
};

/** The enabled template that fits the locale best: the same, the same language, English, any. Null = nothing is sent on this channel. */
export const templateFor = async (
  db: Queryable,
  type: string,
  channel: string,
  locale: string,
): Promise<StoredTemplate | null> => {
  const { rows } = await db.query<StoredTemplate>(
    `select m.channel, m.locale, m.subject, m.html, m.text from message_template m join message_type t on t.id = m.type_id
      where t.name = $1 and m.channel = $2 and m.enabled and t.enabled
      order by m.locale = $3 desc, split_part(m.locale, '_', 1) = split_part($3, '_', 1) desc, m.locale = 'en_US' desc, m.id limit 1`,
    [type, channel, locale],
  );
  return rows[0] ?? null;
};
