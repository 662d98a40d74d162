import { BROKER_SETTINGS, type BrokerSettingName, type BrokerSettingValue } from '../../config/broker-settings.ts';
import type { Queryable } from '../pool.ts';

/** What the broker has decided, else the default. Read at each use: a step of a wizard goes by what holds now. */
export const brokerSetting = async <N extends BrokerSettingName>(
  db: Queryable,
  name: N,
): Promise<BrokerSettingValue<N>> => {
  const { rows } = await db.query<{ value: unknown }>(`select value from broker_setting where name = $1`, [name]);
  const { schema, default: value } = BROKER_SETTINGS[name];
  return rows[0] ? schema.parse(rows[0].value) : value;
};

/** What the broker has decided, by name; what is not there has its default. */
export const storedBrokerSettings = async (
  db: Queryable,
  lock: 'for update' | '' = '',
): Promise<Map<string, { value: unknown; updateTime: Date }>> => {
  const { rows } = await db.query<{ name: string; value: unknown; updateTime: Date }>(
    `select name, value, update_time as "updateTime" from broker_setting ${lock}`,
  );
  return new Map(rows.map(({ name, ...stored }) => [name, stored]));
};

/** Several at once. */
export const brokerSettings = async <N extends BrokerSettingName>(
  db: Queryable,
  names: readonly N[],
): Promise<{ [K in N]: BrokerSettingValue<K> }> => {
  const { rows } = await db.query<{ name: N; value: unknown }>(
    `select name, value from broker_setting where name = any($1)`,
    [names],
  );
  const valueOf = (name: N) => {
    const { schema, default: value } = BROKER_SETTINGS[name];
    const found = rows.find((row) => row.name === name);
    return [name, found ? schema.parse(found.value) : value];
  };
  return Object.fromEntries(names.map(valueOf)) as { [K in N]: BrokerSettingValue<K> };
};
