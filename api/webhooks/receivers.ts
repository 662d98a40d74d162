import { callbackUrlOf } from '../../activities/kit/open-connection.ts';
import { webhookOf } from '../../adapters/kit/manifest.ts';
import type { RawWebhook, Verdict, WebhookReply } from '../../adapters/kit/webhooks.ts';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import { openConnectionRow, retiredSettings } from '../../db/repositories/connections.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { providerById } from '../../worker/tools.ts';

/** How one connection's callbacks are proved and answered. */
export interface Receiver {
  verify(raw: RawWebhook): Verdict;
  reply(outcome: 'accepted' | 'rejected'): WebhookReply;
}

/** How long changed settings, such as a rotated secret, may go unnoticed. */
const REMEMBERED_MS = 2_000;
const MOST_REMEMBERED = 1_000;

export type Receivers = (connectionId: number) => Promise<Receiver | null>;

/** Null for a connection that is unknown, unreadable, or whose provider sends no callbacks. Throws when the database is away. */
export const createReceivers = (db: Queryable, ring: KeyRing, publicUrl: string): Receivers => {
  const remembered = new Map<number, { until: number; receiver: Promise<Receiver | null> }>();
  return (connectionId) => {
    const known = remembered.get(connectionId);
    if (known && known.until > Date.now()) return known.receiver;
    const receiver = load(db, ring, publicUrl, connectionId);
    // Anybody can make up ids: what is remembered of them stays small.
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(connectionId, { until: Date.now() + REMEMBERED_MS, receiver });
    receiver.catch(() => remembered.delete(connectionId));
    return receiver;
  };
};

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
        return webhook.verify(at(settings), raw);
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
