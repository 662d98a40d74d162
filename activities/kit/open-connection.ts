import type pg from 'pg';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import { createHttpClient } from '../../adapters/kit/http.ts';
import type { PaymentProvider, Provider, TradingProvider } from '../../adapters/kit/manifest.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import { openConnectionRow } from '../../db/repositories/connections.ts';
import { HubFailure } from '../../domain/failures.ts';

type Of<C extends Provider['category']> = C extends 'payments' ? PaymentProvider : TradingProvider;

/** Opens a connection for one call: its adapter and everything the adapter is lent. */
export type OpenConnection = <C extends Provider['category']>(
  category: C,
  connectionId: number,
  signal?: AbortSignal,
) => Promise<{ provider: Of<C>; adapter: Of<C>['adapter']; ctx: AdapterContext }>;

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
    const config = provider.config.safeParse(row.config);
    if (!config.success) {
      const fields = config.error.issues.map((issue) => issue.path.join('.')).join(', ');
      throw new HubFailure(
        'Config',
        'provider_misconfigured',
        `the settings of connection ${row.name} are wrong: ${fields}`,
      );
    }
    let held = sessions.get(connectionId);
    if (held?.version !== row.version) {
      held = { version: row.version, session: new Map() };
      sessions.set(connectionId, held);
    }
    const ctx: AdapterContext = {
      connectionId,
      config: config.data,
      http: createHttpClient({
        timeoutMs: provider.limits.timeoutMs,
        longestMs,
        allowPrivate,
        ...(signal ? { signal } : {}),
      }),
      now: () => Date.now(),
      callbackUrl: `${publicUrl}/webhooks/${connectionId}`,
      session: held.session,
    };
    return { provider: provider as never, adapter: provider.adapter as never, ctx };
  };
};
