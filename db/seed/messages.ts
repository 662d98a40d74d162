import type { Queryable } from '../pool.ts';
import { DEFAULT_STORAGE, DEFAULT_TYPES } from './message-types.ts';

/** What is not there yet is added; what people changed stays. */
export const seedMessages = async (db: Queryable): Promise<void> => {
  for (const [key, value, type] of DEFAULT_STORAGE)
    await db.query(`insert into storage_value (key, value, type) values ($1, $2, $3) on conflict (key) do nothing`, [
      key,
      value,
      type,
    ]);
  await db.query(
    `insert into message_limit (channel, most, within_seconds) values ('sms', 20, 86400) on conflict (channel) do nothing`,
  );
  for (const { name, caption, parameters, lifetimeSeconds, templates } of DEFAULT_TYPES) {
    const { rows } = await db.query<{ id: number }>(
      `insert into message_type (name, caption, parameters, lifetime_seconds) values ($1, $2, $3, $4) on conflict (name) do nothing returning id`,
      [
        name,
        caption,
        JSON.stringify(parameters.map(([parameter, what, example]) => ({ name: parameter, caption: what, example }))),
        lifetimeSeconds ?? null,
      ],
    );
    // A type that is there already has the templates its operators left it.
    if (!rows[0]) continue;
    for (const { channel, locale, subject, html, text } of templates)
      await db.query(
        `insert into message_template (type_id, channel, locale, subject, html, text) values ($1, $2, $3, $4, $5, $6)`,
        [rows[0].id, channel, locale, subject, html, text],
      );
  }
};
