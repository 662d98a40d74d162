import type { KeyRing } from '../../config/key-ring.ts';
import { HubFailure } from '../../domain/failures.ts';
import { DELIVERY_RANK, type MessageState } from '../../domain/messages.ts';
import type { Queryable } from '../pool.ts';

/** What a sealed message is bound to. */
export const MESSAGE_PURPOSE = 'message';

/** What nobody reads without the key ring. */
export interface SealedMessage {
  to: string;
  parameters: Record<string, string>;
  /** As it was rendered before the first attempt: every repeat says the same. */
  content?: { subject?: string; html?: string; text: string };
}

export const sealMessage = (ring: KeyRing, message: SealedMessage): Buffer =>
  ring.seal(Buffer.from(JSON.stringify(message)), MESSAGE_PURPOSE);

/** Throws `Config` when its key is not in the ring. */
export const openMessage = (ring: KeyRing, sealed: Uint8Array): SealedMessage => {
  try {
    return JSON.parse(ring.open(sealed, MESSAGE_PURPOSE).toString()) as SealedMessage;
  } catch {
    throw new HubFailure('Config', 'internal', 'a message cannot be decrypted: is its key in CONFIG_KEYS?');
  }
};

export interface MessageRow {
  id: number;
  reference: string;
  type: string;
  channel: 'email' | 'sms' | 'chat';
  locale: string;
  sealed: Buffer;
  state: MessageState;
  attempts: number;
  connectionId: number | null;
  providerId: string | null;
  expiresAt: Date | null;
  expired: boolean;
}

export const loadMessage = async (db: Queryable, id: number, lock = false): Promise<MessageRow> => {
  const { rows } = await db.query<MessageRow>(
    `select id, reference, type, channel, locale, sealed, state, attempts, connection_id as "connectionId", provider_id as "providerId",
            expires_at as "expiresAt", coalesce(expires_at <= now(), false) as expired
       from message where id = $1 ${lock ? 'for update' : ''}`,
    [id],
  );
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no message ${id}`);
  return rows[0];
};

/** Connections that may send on a channel, the best first; those that are paused come last. */
export const messageConnections = async (
  db: Queryable,
  channel: string,
): Promise<{ connectionId: number; provider: string }[]> =>
  (
    await db.query<{ connectionId: number; provider: string }>(
      `select c.id as "connectionId", c.provider
         from connection c join message_route r on r.connection_id = c.id and r.channel = $1 and r.enabled
         left join connection_health h on h.connection_id = c.id
        where c.enabled
        order by coalesce(h.state <> 'closed' or h.paused_until > now(), false), r.priority, c.id`,
      [channel],
    )
  ).rows;

/** From here on it may be on its way. False when it is over meanwhile: then nothing may be sent. */
export const beginAttempt = async (
  db: Queryable,
  { messageId, connectionId, attempt }: { messageId: number; connectionId: number; attempt: number },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `with claimed as (update message set state = 'sending', attempts = $3, connection_id = $2, next_attempt = null, update_time = now()
        where id = $1 and state in ('queued', 'sending') and (expires_at is null or expires_at > now()) returning id)
     insert into message_attempt (message_id, number, connection_id) select id, $3, $2 from claimed on conflict do nothing`,
    [messageId, connectionId, attempt],
  );
  return rowCount === 1;
};

export interface MessageNote {
  messageId: number;
  /** The attempt it tells of; 0 = none. */
  attempt: number;
  /** What this attempt came to. */
  state: MessageState;
  /** An earlier attempt may have arrived: whatever this one came to, nobody can say that it was not sent. */
  inDoubt?: boolean;
  reason?: string;
  providerId?: string;
  providerStatus?: string;
  /** Milliseconds until the next attempt. */
  again?: number;
}

/** What "surely not sent" and "refused" are worth when an earlier attempt may have arrived. */
const IN_DOUBT: Partial<Record<MessageState, MessageState>> = { queued: 'sending', failed: 'unknown' };

/** Notes how a message fares. What callbacks or operators said meanwhile is not overwritten. */
export const noteMessageState = async (db: Queryable, note: MessageNote): Promise<void> => {
  const { messageId, attempt, state, inDoubt, reason, providerId, providerStatus, again } = note;
  const stands = (inDoubt && IN_DOUBT[state]) || state;
  const came = { queued: 'fail', failed: 'fail', sending: 'unknown', unknown: 'unknown' }[state as string] ?? 'success';
  await db.query(
    `update message_attempt set state = $3, reason = $4, provider_id = coalesce($5, provider_id), provider_status = coalesce($6, provider_status), update_time = now()
      where message_id = $1 and number = $2`,
    [messageId, attempt, came, reason ?? null, providerId ?? null, providerStatus ?? null],
  );
  await db.query(
    `update message set state = $2, reason = $3, provider_id = coalesce($4, provider_id), provider_status = coalesce($5, provider_status),
            next_attempt = now() + make_interval(secs => $6::float / 1000), update_time = now()
      where id = $1 and state in ('queued', 'sending')`,
    [messageId, stands, reason ?? null, providerId ?? null, providerStatus ?? null, again ?? null],
  );
};

export interface DeliveryNews {
  connectionId: number;
  reference?: string;
  providerId?: string;
  state: MessageState;
  providerStatus: string;
  reason?: string;
}

/**
 * What a provider told of a message. It only moves up, so repeats and wrong order change nothing; a failure counts only from the connection of the last
 * attempt. Answers the message, or null when this connection never sent such a one.
 */
export const noteDelivery = async (db: Queryable, news: DeliveryNews): Promise<number | null> => {
  const { connectionId, reference, providerId, state, providerStatus, reason } = news;
  const { rows } = await db.query<{ id: number; isLast: boolean }>(
    `select m.id, m.connection_id = $1 as "isLast" from message m join message_attempt a on a.message_id = m.id and a.connection_id = $1
      where ($2::text is not null and m.reference = $2) or ($2::text is null and a.provider_id = $3) limit 1`,
    [connectionId, reference ?? null, providerId ?? null],
  );
  const found = rows[0];
  if (!found) return null;
  const rank = DELIVERY_RANK[state];
  if (rank === undefined || (state === 'failed' && !found.isLast)) return found.id;
  const lower = Object.entries(DELIVERY_RANK).flatMap(([word, its]) => (its < rank ? [word] : []));
  await db.query(
    `update message set state = $2, provider_status = $3, reason = $4, provider_id = coalesce(provider_id, $5), update_time = now()
      where id = $1 and state = any($6::text[]) and ($2 <> 'failed' or connection_id = $7)`,
    [
      found.id,
      state,
      providerStatus,
      reason ?? null,
      providerId ?? null,
      ['queued', 'sending', 'unknown', ...lower],
      connectionId,
    ],
  );
  return found.id;
};
