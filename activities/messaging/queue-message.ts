import { randomBytes } from 'node:crypto';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import { sealMessage } from '../../db/repositories/messages.ts';
import { templateFor } from '../../db/repositories/templates.ts';
import { CHANNELS, CODE_KEY } from '../../domain/messages.ts';
import { referenceFrom } from '../../domain/references.ts';
import type { Steer } from '../kit/activity.ts';
import { recipientMarks } from './recipient-marks.ts';

export type Recipient =
  | { clientId: number }
  | { userId: number }
  | { email: string; locale?: string }
  /** E.164 */
  | { phone: string; locale?: string }
  /** The chat provider's id of a person or channel. */
  | { chat: string; locale?: string };

export interface MessageOrder {
  to: Recipient;
  /** Name of a message type: 'DepositSuccessful'. */
  template: string;
  parameters?: Record<string, string>;
  /** Whoever asks twice with one key sends once. It is made of ids of ours: a caller who could choose it would keep another message from being sent. */
  key: string;
}

/**
 * Promises a message on every channel that has a route, for which the recipient has an address and the type an enabled template. The promise is kept when the
 * transaction of `db` is; call `startMessages` with the answer after it, for speed: the sweep starts what was not. Throws only what the database throws.
 */
export const queueMessage = async (db: Queryable, ring: KeyRing, order: MessageOrder): Promise<number[]> => {
  const open = await openChannels(db);
  const person = open.length === 0 ? null : await personOf(db, order.to);
  const ids: number[] = [];
  for (const channel of CHANNELS) {
    const to = person?.[channel];
    if (!to || !open.includes(channel) || !(await templateFor(db, order.template, channel, person.locale))) continue;
    const id = await promise(db, ring, order, { channel, to, person });
    if (id !== null) ids.push(id);
  }
  return ids;
};

/**
 * What was promised under a key counts no more, for another message says it anew: what waits is not sent, what may have been sent is not sent again, or a
 * reader has both, in any order.
 */
export const outdateMessages = async (db: Queryable, key: string): Promise<void> => {
  await db.query(
    `update message set state = case state when 'queued' then 'cancelled' else state end, reason = case state when 'queued' then $2 else reason end,
            next_attempt = null, expires_at = least(expires_at, now()), update_time = now()
      where key = any($1) and state in ('queued', 'sending')`,
    [CHANNELS.map((channel) => keyOf(key, channel)), 'Another one was sent instead.'],
  );
};

/** Right after the promise was made: whatever fails here is started by the sweep. */
export const startMessages = async (steer: Pick<Steer, 'startWaiting'>, ids: readonly number[]): Promise<void> => {
  const starts = ids.map((id) => steer.startWaiting({ workflowId: `message:${id}`, type: 'message', id }));
  await Promise.allSettled(starts);
};

interface Person {
  email?: string | null;
  sms?: string | null;
  chat?: string | null;
  locale: string;
  clientId?: number;
  userId?: number;
  /** Known of the person, for templates. */
  parameters?: Record<string, string>;
}

/** A broker sends on a channel once it has said through which connection. */
export const openChannels = async (db: Queryable): Promise<string[]> =>
  (await db.query<{ channel: string }>(`select distinct channel from message_route where enabled`)).rows.map(
    ({ channel }) => channel,
  );

const ENGLISH = 'en_US';

const personOf = async (db: Queryable, to: Recipient): Promise<Person | null> => {
  if ('email' in to) return { email: to.email, locale: to.locale ?? ENGLISH };
  if ('phone' in to) return { sms: to.phone, locale: to.locale ?? ENGLISH };
  if ('chat' in to) return { chat: to.chat, locale: to.locale ?? ENGLISH };
  if ('userId' in to) {
    const { rows } = await db.query<{ email: string }>(`select email from hub_user where id = $1 and active`, [
      to.userId,
    ]);
    return rows[0] ? { email: rows[0].email, locale: ENGLISH, userId: to.userId } : null;
  }
  const { rows } = await db.query<{ email: string; phone: string | null; locale: string; firstName: string }>(
    `select email, c.phone, locale, first_name as "firstName" from client c where client_id = $1 and status <> 'deleted'`,
    [to.clientId],
  );
  if (!rows[0]) return null;
  const { email, phone, locale, firstName } = rows[0];
  return { email, sms: phone, locale, clientId: to.clientId, parameters: { firstName } };
};

const keyOf = (key: string, channel: string): string => `${key}:${channel}`;

const promise = async (
  db: Queryable,
  ring: KeyRing,
  { template, parameters, key }: MessageOrder,
  { channel, to, person }: { channel: string; to: string; person: Person },
): Promise<number | null> => {
  const marks = recipientMarks(ring, channel, to);
  const isLimited = !key.startsWith(CODE_KEY);
  // Two that are promised to one recipient at the same moment are counted one after the other.
  if (isLimited)
    await db.query(`select pg_advisory_xact_lock(hashtextextended($1, 0)) from message_limit where channel = $2`, [
      marks[0].toString('base64'),
      channel,
    ]);
  const { rows } = await db.query<{ id: number; state: string }>(
    `with spent as (select l.most, l.within_seconds, (select count(*) from message m where m.recipient_mark = any($9::bytea[]) and m.channel = $4
                       and m.create_time > now() - make_interval(secs => l.within_seconds) and m.reason is distinct from 'limit_exceeded'
                       and not starts_with(m.key, $11)) as count
                      from message_limit l where l.channel = $4),
          over as (select $12 and exists (select from spent where count >= most) as yes)
     insert into message (key, reference, type, channel, locale, client_id, user_id, sealed, recipient_mark, state, reason, workflow_started, expires_at)
     select $1, $2, $3, $4, $5, $6, $7, $8, $10, case when over.yes then 'failed' else 'queued' end, case when over.yes then 'limit_exceeded' end, over.yes,
            now() + make_interval(secs => t.lifetime_seconds)
       from over, message_type t where t.name = $3
     on conflict (key) do update set key = excluded.key returning id, state`,
    [
      keyOf(key, channel),
      referenceFrom(randomBytes(12)),
      template,
      channel,
      person.locale,
      person.clientId ?? null,
      person.userId ?? null,
      sealMessage(ring, { to, parameters: { ...person.parameters, ...parameters } }),
      marks,
      marks[0],
      CODE_KEY,
      isLimited,
    ],
  );
  return rows[0]?.state === 'queued' ? rows[0].id : null;
};
