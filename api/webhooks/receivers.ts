import type { PaymentProvider } from '../../adapters/kit/manifest.ts';
import type { RawWebhook, Verdict } from '../../adapters/kit/webhooks.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Memory } from '../../db/memory.ts';
import type { Queryable } from '../../db/pool.ts';
import { openConnectionRow } from '../../db/repositories/connections.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { providerById } from '../../worker/tools.ts';

/** How one connection's callbacks are proved and answered. */
export interface Receiver {
  verify(raw: RawWebhook): Verdict;
  reply: NonNullable<PaymentProvider['adapter']['webhook']>['reply'];
}

export type Receivers = (connectionId: number) => Promise<Receiver | null>;

/** Null for a connection that is unknown, unreadable, or whose provider sends no callbacks. Throws when the database is away. */
export const receiverOf =
  (db: Queryable, ring: KeyRing): Receivers =>
  (connectionId) =>
    load(db, ring, connectionId);

/** The same, remembered until a connection changes. */
export const rememberedReceivers = (memory: Memory, db: Queryable, ring: KeyRing): Receivers =>
  memory.remember({ tables: ['connection'], load: receiverOf(db, ring), most: 1_000 }).get;

const load = async (db: Queryable, ring: KeyRing, connectionId: number): Promise<Receiver | null> => {
  try {
    const row = await openConnectionRow(db, ring, connectionId);
    const provider = providerById(row.provider);
    const webhook = provider.category === 'payments' ? provider.adapter.webhook : undefined;
    const config = provider.config.safeParse(row.config);
    if (!webhook || !config.success) return null;
    return {
      verify: (raw) => {
        try {
          return webhook.verify(config.data, raw, Date.now());
        } catch {
          return { ok: false, reason: 'malformed' };
        }
      },
      reply: webhook.reply,
    };
  } catch (error) {
    if (isHubFailure(error)) return null;
    throw error;
  }
};
