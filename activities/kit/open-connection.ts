import type pg from 'pg';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import { lendContext } from '../../adapters/kit/lend.ts';
import type { Category, Provider, ProviderOf } from '../../adapters/kit/manifest.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import { openConnectionRow } from '../../db/repositories/connections.ts';
import { HubFailure } from '../../domain/failures.ts';

/** Opens a connection for one call: its adapter and everything the adapter is lent. */
export type OpenConnection = <C extends Category>(
  category: C,
  connectionId: number,
  signal?: AbortSignal,
) => Promise<{ provider: ProviderOf<C>; adapter: ProviderOf<C>['adapter']; ctx: AdapterContext }>;

export interface ConnectionSettings {
  pool: pg.Pool;
  ring: KeyRing;
  provider: (id: string) => Provider;
  publicUrl: string;
  /** Sandboxes live on loopback; production refuses private addresses. */
  allowPrivate: boolean;
  /** Longest exchange, milliseconds; the manifest or the adapter may ask for less. */
  longestMs: number;
}

/** Reads the row at every call, so a changed or disabled connection works at once; sessions live as long as the row's version. */
export const connectionOpener = ({
  pool,
  ring,
  provider: find,
  publicUrl,
  allowPrivate,
  longestMs,
}: ConnectionSettings): OpenConnection => {
  const sessions = new Map<number, { version: string; session: Map<string, unknown> }>();

  return async (category, connectionId, signal) => {
    const row = await openConnectionRow(pool, ring, connectionId);
    const provider = find(row.provider);
    if (provider.category !== category) {
      throw new HubFailure('Config', 'provider_misconfigured', `connection ${row.name} is no ${category} connection`);
    }
    let held = sessions.get(connectionId);
    if (held?.version !== row.version) {
      held = { version: row.version, session: new Map() };
      sessions.set(connectionId, held);
    }
    const ctx = lendContext(provider, {
      connectionId,
      config: row.config,
      callbackUrl: callbackUrlOf(publicUrl, connectionId),
      session: held.session,
      allowPrivate,
      longestMs,
      ...(signal && { signal }),
    });
    return { provider: provider as never, adapter: provider.adapter as never, ctx };
  };
};

/** Where a connection's provider calls us. */
export const callbackUrlOf = (publicUrl: string, connectionId: number): string =>
  `${publicUrl}/webhooks/${connectionId}`;
