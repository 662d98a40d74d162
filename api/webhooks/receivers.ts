import { callbackUrlOf } from '../../activities/kit/open-connection.ts';
import { webhookOf } from '../../adapters/kit/manifest.ts';
import { type RawWebhook, type Verdict, verdictOn, type WebhookReply } from '../../adapters/kit/webhooks.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Memory } from '../../db/memory.ts';
import type { Queryable } from '../../db/pool.ts';
import { openConnectionRow, retiredSettings } from '../../db/repositories/connections.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { providerById } from '../../worker/tools.ts';

/** How one connection's callbacks are proved and answered. */
export interface Receiver {
  verify(raw: RawWebhook): Verdict;
  reply(outcome: 'accepted' | 'rejected'): WebhookReply;
}

export type Receivers = (connectionId: number) => Promise<Receiver | null>;

/** Null for a connection that is unknown, unreadable, or whose provider sends no callbacks. Throws when the database is away. */
export const receiverOf =
  (db: Queryable, ring: KeyRing, publicUrl: string): Receivers =>
  (connectionId) =>
    load(db, ring, publicUrl, connectionId);

/** The same, remembered until a connection changes. */
export const rememberedReceivers = (memory: Memory, db: Queryable, ring: KeyRing, publicUrl: string): Receivers =>
  memory.remember({ tables: ['connection'], load: receiverOf(db, ring, publicUrl), most: 1_000 }).get;

const load = async (
  db: Queryable,
  ring: KeyRing,
  publicUrl: string,
  connectionId: number,
): Promise<Receiver | null> => {
  try {
    const row = await openConnectionRow(db, ring, connectionId);
    const provider = providerById(row.provider);
    const webhook = webhookOf(provider);
    const config = provider.config.safeParse(row.config);
    if (!webhook || !config.success) return null;
    const at = (settings: unknown) => ({
      config: settings,
      callbackUrl: callbackUrlOf(publicUrl, connectionId),
      now: Date.now(),
    });
    const verify = (settings: unknown, raw: RawWebhook): Verdict => {
      try {
        return verdictOn(webhook, at(settings), raw);
      } catch {
        return { ok: false, reason: 'malformed' };
      }
    };
    // What was sent before a secret was changed comes signed with the old one, again and again until it is taken.
    const before = (await retiredSettings(db, ring, connectionId)).flatMap((settings) => {
      const parsed = provider.config.safeParse(settings);
      return parsed.success ? [parsed.data] : [];
    });
    return {
      verify: (raw) => {
        const verdict = verify(config.data, raw);
        if (verdict.ok || verdict.reason !== 'bad_signature') return verdict;
        return before.map((settings) => verify(settings, raw)).find(({ ok }) => ok) ?? verdict;
      },
      reply: (outcome) => webhook.reply(at(config.data), outcome),
    };
  } catch (error) {
    if (isHubFailure(error)) return null;
    throw error;
  }
};
