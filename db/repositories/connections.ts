import type { KeyRing } from '../../config/key-ring.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Queryable } from '../pool.ts';

/** What a sealed configuration is bound to. */
export const CONNECTION_PURPOSE = 'connection';

export interface StoredConnection {
  id: number;
  provider: string;
  name: string;
  caption: string;
  enabled: boolean;
  /** As stored; the manifest's schema checks it before use. */
  config: unknown;
  /** Of the settings in `config`. */
  version: number;
  /** Of the settings that count now. */
  currentVersion: number;
  /** Changes whenever the settings do: cached sessions of other settings must not be used. */
  stamp: string;
  /** The last call had no answer. */
  failing: boolean;
  /** The provider does not answer: the breaker is open. */
  silent: boolean;
}

/** Settings of before: by their version, or those with which something was begun under a reference of ours. */
export type SettingsOf = { version: number } | { begun: string };

/** With the settings named; when they are gone, none are, or their key is lost, with the present ones. */
export const openConnectionRow = async (
  db: Queryable,
  ring: KeyRing,
  id: number,
  of: SettingsOf | null = null,
): Promise<StoredConnection> => {
  const { rows } = await db.query(
    `select c.id, c.provider, c.name, c.caption, c.enabled, coalesce(s.config, c.config) as config, coalesce(s.version, c.version) as version,
            c.version as "currentVersion", coalesce(h.failures_in_row > 0 or h.trials > 0 or h.last_error_at > coalesce(h.last_success_at, '-infinity'), false) as failing,
            coalesce(h.state <> 'closed', false) as silent,
            coalesce(s.version, c.version) || ' ' || coalesce(s.retired_at, c.update_time, c.create_time) as stamp
       from connection c left join connection_settings s
         on s.connection_id = c.id and s.version = coalesce($2, (select version from settings_used where reference = $3))
       left join connection_health h on h.connection_id = c.id where c.id = $1`,
    [id, of && 'version' in of ? of.version : null, of && 'begun' in of ? of.begun : null],
  );
  const row = rows[0];
  if (!row) throw new HubFailure('NotFound', 'not_found', `there is no connection ${id}`);
  const config = readable(ring, row.config);
  if (config === null && row.version !== row.currentVersion) return openConnectionRow(db, ring, id);
  return { ...row, config: config ?? openSettings(ring, row.config, id) };
};

/** Null when the key is not in the ring. */
const readable = (ring: KeyRing, sealed: Uint8Array): unknown => {
  try {
    return JSON.parse(ring.open(sealed, CONNECTION_PURPOSE).toString());
  } catch {
    return null;
  }
};

/** Throws `Config` when the key is not in the ring. */
export const openSettings = (ring: KeyRing, sealed: Uint8Array, id: number): unknown => {
  const settings = readable(ring, sealed);
  if (settings !== null) return settings;
  throw new HubFailure(
    'Config',
    'provider_misconfigured',
    `the settings of connection ${id} cannot be decrypted: is its key in CONFIG_KEYS?`,
  );
};

/** The settings of the last day that do not count any more, newest first; without those whose key is lost. */
export const retiredSettings = async (db: Queryable, ring: KeyRing, id: number): Promise<unknown[]> => {
  const { rows } = await db.query<{ config: Buffer }>(
    `select config from connection_settings where connection_id = $1 and retired_at > now() - interval '1 day' order by version desc limit 20`,
    [id],
  );
  return rows.flatMap(({ config }) => readable(ring, config) ?? []);
};

export const sealSettings = (ring: KeyRing, settings: unknown): Buffer =>
  ring.seal(Buffer.from(JSON.stringify(settings)), CONNECTION_PURPOSE);

/** New settings count for the next call; those of before are kept for what was begun with them. */
export const replaceSettings = async (db: Queryable, id: number, sealed: Buffer): Promise<void> => {
  await db.query(
    `insert into connection_settings (connection_id, version, config) select id, version, config from connection where id = $1`,
    [id],
  );
  await db.query(`update connection set config = $2, version = version + 1, update_time = now() where id = $1`, [
    id,
    sealed,
  ]);
};
