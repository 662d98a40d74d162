import { z } from 'zod';
import { callbackUrlOf } from '../../../activities/kit/open-connection.ts';
import { mapSecrets, MASK } from '../../../adapters/kit/config.ts';
import { checkedConfig } from '../../../adapters/kit/lend.ts';
import { type Provider, webhookOf } from '../../../adapters/kit/manifest.ts';
import { providers } from '../../../adapters/installed.ts';
import type { KeyRing } from '../../../config/key-ring.ts';
import type { ConnectionRow } from '../../../db/entities/connections.ts';
import type { Queryable } from '../../../db/pool.ts';
import { loadHealth } from '../../../db/repositories/connection-health.ts';
import { openSettings } from '../../../db/repositories/connections.ts';
import { isHubFailure } from '../../../domain/failures.ts';
import { isoTime, isoTimeOrNull, time } from '../../kit/shapes.ts';
import { ConnectionHealth, healthView } from './health.ts';

/** objects-back-office 12.2; `callbackUrl`, `problem`, `health` and `version` are ours. */
export const ConnectionView = z
  .object({
    id: z.int(),
    name: z.string(),
    caption: z.string(),
    provider: z.string(),
    type: z.string().nullable().meta({ description: 'null: no adapter of this name is installed.' }),
    enabled: z.boolean(),
    settings: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: `Secrets come back as "${MASK}". null: they cannot be opened with the keys of this hub.` }),
    version: z.int().meta({ description: 'Counts changes of the settings.' }),
    callbackUrl: z.string().nullable().meta({ description: 'What the provider has to be told, when it calls back.' }),
    problem: z.string().nullable().meta({ description: 'Why it cannot be used as it is.' }),
    health: ConnectionHealth,
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Connection' });

/** B2Core's word for a category where it has one. */
export const TYPES: Record<Provider['category'], string> = {
  payments: 'payment',
  trading: 'platform',
  kyc: 'kyc',
  screening: 'kyt',
  messaging: 'mail',
  rates: 'rates',
  captcha: 'captcha',
};

export const providerNamed = (id: string): Provider | undefined => providers.find((one) => one.id === id);

/** Settings as they may leave the hub. */
export const maskedSettings = (provider: Provider, settings: unknown): Record<string, unknown> =>
  mapSecrets(provider.config, settings, () => MASK) as Record<string, unknown>;

export interface ViewDeps {
  ring: KeyRing;
  publicUrl: string;
}

export const connectionViews = async (
  rows: readonly ConnectionRow[],
  db: Queryable,
  { ring, publicUrl }: ViewDeps,
): Promise<z.input<typeof ConnectionView>[]> => {
  const ids = rows.map(({ id }) => id);
  const healths = new Map((await loadHealth(db, ids)).map((row) => [row.connectionId, row]));
  const { rows: sealed } = await db.query<{ id: number; config: Buffer }>(
    `select id, config from connection where id = any ($1::integer[])`,
    [`{${ids.join(',')}}`],
  );
  const configs = new Map(sealed.map(({ id, config }) => [id, config]));
  return rows.map((row) => {
    const provider = providerNamed(row.provider);
    const { settings, problem } = settingsOf(ring, provider, row, configs.get(row.id)!);
    return {
      id: row.id,
      name: row.name,
      caption: row.caption,
      provider: row.provider,
      type: provider ? TYPES[provider.category] : null,
      enabled: row.enabled,
      settings,
      version: row.version,
      callbackUrl: provider && webhookOf(provider) ? callbackUrlOf(publicUrl, row.id) : null,
      problem,
      health: healthView(healths.get(row.id)!),
      createTime: isoTime(row.createTime!),
      updateTime: isoTimeOrNull(row.updateTime),
    };
  });
};

/** Masked settings and what is wrong with them. */
export const settingsOf = (
  ring: KeyRing,
  provider: Provider | undefined,
  row: { id: number; provider: string },
  sealed: Buffer,
) => {
  if (!provider) return { settings: null, problem: `No adapter is called '${row.provider}'.` };
  try {
    const stored = openSettings(ring, sealed, row.id);
    const settings = maskedSettings(provider, stored);
    try {
      checkedConfig(provider, stored, 'this connection');
      return { settings, problem: null };
    } catch (error) {
      return { settings, problem: (error as Error).message };
    }
  } catch (error) {
    if (!isHubFailure(error)) throw error;
    return { settings: null, problem: error.message };
  }
};
