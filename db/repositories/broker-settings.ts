import { BROKER_SETTINGS, type BrokerSettingName, type BrokerSettingValue } from '../../domain/broker-settings.ts';
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
