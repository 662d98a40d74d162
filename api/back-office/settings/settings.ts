import { z } from 'zod';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { storedBrokerSettings } from '../../../db/repositories/broker-settings.ts';
import { BROKER_SETTINGS, type BrokerSettingName } from '../../../config/broker-settings.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { isoTimeOrNull, name, text, time } from '../../kit/shapes.ts';
import { parsePart } from '../../kit/validate.ts';

const Setting = z
  .object({
    name: z.string(),
    section: z.string(),
    caption: z.string(),
    value: z.unknown(),
    default: z.unknown().meta({ description: 'What holds until the broker decides otherwise.' }),
    isDefault: z.boolean(),
    schema: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema of the value, for forms.' }),
    updateTime: time().nullable(),
  })
  .meta({ id: 'BrokerSetting' });

const NAMES = Object.keys(BROKER_SETTINGS) as BrokerSettingName[];

const viewOf = (setting: BrokerSettingName, stored?: { value: unknown; updateTime: Date }): z.input<typeof Setting> => {
  const { section, caption, schema, default: byDefault } = BROKER_SETTINGS[setting];
  const { $schema: _, ...form } = z.toJSONSchema(schema);
  return {
    ...{ name: setting, section, caption, value: stored ? stored.value : byDefault, default: byDefault },
    ...{ isDefault: !stored, schema: form, updateTime: isoTimeOrNull(stored?.updateTime) },
  };
};

/** 404 for a name nobody reads. */
const known = (asked: string): BrokerSettingName => {
  const found = NAMES.find((one) => one === asked);
  if (found === undefined) throw notFound('setting', 'name');
  return found;
};

const common = { tags: ['Settings'] as [string], access: 'user' as const };
const named = { ...common, params: z.object({ name: name(64) }), errors: [404] };

/** What the broker decides for all his clients (config/broker-settings.ts). Whoever goes by a setting reads it when he needs it, so a change is in force at once. */
export const brokerSettingProcedures = ({ pool }: ApiDeps): Procedure[] => [
  procedure('GET /settings', {
    ...common,
    summary: 'List: setting of the broker',
    permission: 'settings.read',
    query: z.object({ 'filter[section]': text(64).optional() }),
    answer: z.object({ total: z.int(), data: z.array(Setting) }),
    handle: async ({ query: { 'filter[section]': section } }) => {
      const stored = await storedBrokerSettings(pool);
      const shown = NAMES.filter((one) => section === undefined || BROKER_SETTINGS[one].section === section);
      return { total: shown.length, data: shown.map((one) => viewOf(one, stored.get(one))) };
    },
  }),

  procedure('GET /settings/{name}', {
    ...named,
    summary: 'One setting of the broker',
    permission: 'settings.read',
    answer: Setting,
    handle: async ({ params }) => {
      const setting = known(params.name);
      return viewOf(setting, (await storedBrokerSettings(pool)).get(setting));
    },
  }),

  ...updateProcedures('/settings/{name}', {
    ...named,
    summary: 'Change: setting of the broker',
    permission: 'settings.update',
    body: z.strictObject({ value: z.unknown() }),
    answer: Setting,
    handle: ({ actor, params, body, requestId }) => {
      const setting = known(params.name);
      const { value } = parsePart(z.strictObject({ value: BROKER_SETTINGS[setting].schema }), body, 'body');
      return inTransaction(pool, async (db) => {
        const before = (await storedBrokerSettings(db, 'for update')).get(setting);
        await db.query(
          `insert into broker_setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value, update_time = now()`,
          [setting, JSON.stringify(value)],
        );
        const after = viewOf(setting, (await storedBrokerSettings(db)).get(setting));
        await recordAudit(db, {
          actor: actorName(actor),
          action: 'settings.update',
          object: `setting:${setting}`,
          before: { value: viewOf(setting, before).value },
          after: { value: after.value },
          requestId,
        });
        return after;
      });
    },
  }),

  procedure('DELETE /settings/{name}', {
    ...named,
    summary: 'Reset to its default: setting of the broker',
    permission: 'settings.update',
    answer: null,
    handle: async ({ actor, params, requestId }) => {
      const setting = known(params.name);
      await inTransaction(pool, async (db) => {
        const { rows } = await db.query<{ value: unknown }>(
          'delete from broker_setting where name = $1 returning value',
          [setting],
        );
        if (!rows[0]) return;
        await recordAudit(db, {
          actor: actorName(actor),
          action: 'settings.reset',
          object: `setting:${setting}`,
          before: { value: rows[0].value },
          after: { value: viewOf(setting).value },
          requestId,
        });
      });
    },
  }),
];
