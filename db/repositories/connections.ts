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
  /** Changes whenever the row does: cached sessions of an older version must not be used. */
  version: string;
}

export const openConnectionRow = async (db: Queryable, ring: KeyRing, id: number): Promise<StoredConnection> => {
  const { rows } = await db.query(
    `select id, provider, name, caption, enabled, config, coalesce(update_time, create_time)::text as version from connection where id = $1`,
    [id],
  );
  const row = rows[0];
  if (!row) throw new HubFailure('NotFound', 'not_found', `there is no connection ${id}`);
  let config: unknown;
  try {
    config = JSON.parse(ring.open(row.config, CONNECTION_PURPOSE).toString());
  } catch {
    throw new HubFailure(
      'Config',
      'provider_misconfigured',
      `the settings of connection ${id} cannot be decrypted: is its key in CONFIG_KEYS?`,
    );
  }
  return { ...row, config };
};
