import type pg from 'pg';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import { lendContext } from '../../adapters/kit/lend.ts';
import type { Category, Provider, ProviderOf } from '../../adapters/kit/manifest.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import { openConnectionRow, type SettingsOf } from '../../db/repositories/connections.ts';
import { forgetSettingsUsed, noteSettingsUsed } from '../../db/repositories/settings-used.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Lent, type NoteCall, watched } from './observe-calls.ts';

/**
 * `begins`: the call starts something under this reference of ours. `begun`: it asks about something that was started so. Settings may change in
 * between; what was begun is asked about with the settings it was begun with (docs/decisions/0014-begun-with-its-settings.md).
 */
export type About = { begins: string } | { begun: string };

/** Opens a connection for one call: its adapter and everything the adapter is lent. */
export type OpenConnection = <C extends Category>(
  category: C,
  connectionId: number,
  signal?: AbortSignal,
  about?: About,
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
  /** The same for a talk over a socket. */
  longestTalkMs: number;
  /** Told of every call. */
  note: NoteCall;
}

/** Reads the row at every call, so a changed connection works at once; sessions live as long as the settings they were made with. */
export const connectionOpener = ({
  pool,
  ring,
  provider: find,
  publicUrl,
  allowPrivate,
  longestMs,
  longestTalkMs,
  note,
}: ConnectionSettings): OpenConnection => {
  const sessions = new Sessions();

  return async (category, connectionId, signal, about) => {
    const begins = about && 'begins' in about ? about.begins : null;
    const noted = begins === null ? undefined : await noteSettingsUsed(pool, begins, connectionId);
    const begunWith = about && 'begun' in about ? about : (noted ?? null);

    const lend = async (wanted: SettingsOf | null): Promise<Lent & { provider: Provider }> => {
      const row = await openConnectionRow(pool, ring, connectionId, wanted);
      // The way out when a provider never comes back: what never left is refused, and the money given back.
      if (noted?.fresh && row.silent && !row.enabled)
        throw new HubFailure('Rejected', 'restricted', 'The connection was switched off before anything was sent.');
      const provider = find(row.provider);
      if (provider.category !== category)
        throw new HubFailure('Config', 'provider_misconfigured', `connection ${row.name} is no ${category} connection`);
      const ctx = lendContext(provider, {
        connectionId,
        config: row.config,
        callbackUrl: callbackUrlOf(publicUrl, connectionId),
        session: sessions.of(connectionId, row.stamp),
        allowPrivate,
        longestMs,
        longestTalkMs,
        ...(signal && { signal }),
      });
      const outdated = row.version !== row.currentVersion;
      return { provider, ctx, outdated, connection: row.name, failing: row.failing };
    };

    const onNothing = noted?.fresh ? () => forgetSettingsUsed(pool, begins!) : undefined;
    const lent = await lend(begunWith).catch(async (error: unknown) => {
      await onNothing?.();
      throw error;
    });
    const elsewhere = begins === null && lent.outdated ? () => lend(null) : undefined;
    const adapter: unknown = watched(lent.provider as ProviderOf<Category>, {
      lent,
      note,
      ...(elsewhere && { elsewhere }),
      ...(onNothing && { onNothing }),
      ...(signal && { signal }),
    });
    return { provider: lent.provider as never, adapter: adapter as never, ctx: lent.ctx };
  };
};

/** Tokens and sockets of each connection, for its present settings and the few of before that are still asked. */
class Sessions {
  private readonly held = new Map<number, Map<string, Map<string, unknown>>>();

  of(connectionId: number, stamp: string): Map<string, unknown> {
    const ofConnection = this.held.get(connectionId) ?? new Map<string, Map<string, unknown>>();
    this.held.set(connectionId, ofConnection);
    const session = ofConnection.get(stamp) ?? new Map<string, unknown>();
    ofConnection.set(stamp, session);
    const oldest = ofConnection.keys().next().value;
    if (ofConnection.size > 3 && oldest !== undefined) ofConnection.delete(oldest);
    return session;
  }
}

/** Where a connection's provider calls us. */
export const callbackUrlOf = (publicUrl: string, connectionId: number): string =>
  `${publicUrl}/webhooks/${connectionId}`;
