import { z } from 'zod';
import { startMessages } from '../../../activities/messaging/queue-message.ts';
import { KeyRing } from '../../../config/key-ring.ts';
import { Message as MessageEntity, type MessageListRow } from '../../../db/entities/messages.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { openMessage } from '../../../db/repositories/messages.ts';
import { CHANNELS, CODE_KEY, MESSAGE_STATES, SECRET_PARAMETERS } from '../../../domain/messages.ts';
import { actorName, scopeSql, type UserActor } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { byId, byWord, byWords } from '../../kit/filters.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { resource } from '../../kit/resource.ts';
import { idText, isoTime, isoTimeOrNull, time } from '../../kit/shapes.ts';
import type { MoneyHub } from '../../money/hub.ts';
import { messageRoutes } from './routes.ts';

const Message = z
  .object({
    id: z.int(),
    type: z.string(),
    channel: z.enum(CHANNELS),
    locale: z.string(),
    recipient: z.string().nullable().meta({ description: 'Null when its key is gone.' }),
    subject: z.string().nullable(),
    clientId: z.int().nullable(),
    userId: z.int().nullable(),
    state: z.enum(MESSAGE_STATES),
    attempts: z.int(),
    connectionId: z.int().nullable(),
    providerId: z.string().nullable(),
    providerStatus: z.string().nullable(),
    reason: z.string().nullable(),
    expiresAt: time().nullable(),
    nextAttempt: time().nullable(),
    createTime: time(),
    updateTime: time().nullable(),
  })
  .meta({ id: 'Message' });

const MessageWithAttempts = z
  .object({
    ...Message.shape,
    text: z
      .string()
      .nullable()
      .meta({ description: 'Null before it is rendered, and of messages that carry a code or a password.' }),
    html: z.string().nullable(),
    attemptLog: z.array(
      z.object({
        number: z.int(),
        connectionId: z.int(),
        state: z.enum(['in_progress', 'success', 'fail', 'unknown']),
        providerId: z.string().nullable(),
        providerStatus: z.string().nullable(),
        reason: z.string().nullable(),
        createTime: time(),
        updateTime: time().nullable(),
      }),
    ),
  })
  .meta({ id: 'MessageWithAttempts' });

const params = z.object({ messageId: idText() });
const common = { tags: ['Messages'] as [string], access: 'user' as const, params };

/** /messages: what waits to be sent and what became of all that was, to cancel and to try again. */
export const messageProcedures = (hub: MoneyHub): Procedure[] => {
  const { pool, deps } = hub;
  const ring = new KeyRing(deps.settings.configKeys);

  const list = resource({
    path: '/messages',
    idParam: 'messageId',
    noun: 'message',
    tag: 'Messages',
    entity: MessageEntity,
    id: 'id',
    permission: 'messages',
    operations: ['list'],
    clientProperty: 'clientId',
    filters: {
      state: byWords('state', MESSAGE_STATES),
      channel: byWord('channel'),
      type: byWord('type'),
      clientId: byId('clientId'),
      connectionId: byId('connectionId'),
    },
    read: Message,
    present: async (rows: MessageListRow[]) => {
      const read = await openedOf(
        pool,
        ring,
        rows.map(({ id }) => id),
      );
      return rows.map((row) => viewOf(row, read.get(row.id)));
    },
    mask: (view) => ({ ...view, recipient: '*', subject: null }),
  });

  const show = async (actor: UserActor, id: number): Promise<z.input<typeof MessageWithAttempts>> => {
    await assertVisible(pool, actor, id);
    const row = (await deps.orm.em.fork().findOne(MessageEntity as never, { id } as never)) as MessageListRow;
    const opened = (await openedOf(pool, ring, [id])).get(id);
    const { rows } = await pool.query(
      `select number, connection_id as "connectionId", state, provider_id as "providerId", provider_status as "providerStatus", reason,
              create_time as "createTime", update_time as "updateTime" from message_attempt where message_id = $1 order by number`,
      [id],
    );
    const view = viewOf(row, opened);
    const content = actor.maskData || row.expiresAt ? undefined : opened?.content;
    return {
      ...view,
      ...(actor.maskData && { recipient: '*', subject: null }),
      text: content?.text ?? null,
      html: content?.html ?? null,
      attemptLog: rows.map((one) => ({
        ...one,
        createTime: isoTime(one.createTime),
        updateTime: isoTimeOrNull(one.updateTime),
      })),
    };
  };

  /** One change of state with its audit row; null when the message was not in a state for it. */
  const change = (actor: UserActor, id: number, action: string, sql: string, requestId: string): Promise<boolean> =>
    inTransaction(pool, async (db) => {
      await assertVisible(db, actor, id);
      if ((await db.query(sql, [id])).rowCount === 0) return false;
      await recordAudit(db, { actor: actorName(actor), action, object: `message:${id}`, requestId });
      return true;
    });

  return [
    ...messageRoutes(deps),
    ...list(deps),
    procedure('GET /messages/{messageId}', {
      ...common,
      summary: 'One message with its attempts',
      permission: 'messages.read',
      answer: MessageWithAttempts,
      handle: ({ actor, params: { messageId } }) => show(actor, messageId),
    }),
    procedure('DELETE /messages/{messageId}', {
      ...common,
      summary: 'Do not send a message that waits',
      description: 'Its row stays, as cancelled. What a provider may have cannot be called back.',
      permission: 'messages.delete',
      answer: null,
      errors: [409],
      handle: async ({ actor, params: { messageId }, requestId }) => {
        const sql = `update message set state = 'cancelled', next_attempt = null, update_time = now() where id = $1 and state = 'queued'`;
        if (!(await change(actor, messageId, 'messages.cancel', sql, requestId)))
          throw problem(409, 'already_done', 'It is over, or a provider may have it already.');
      },
    }),
    procedure('POST /messages/{messageId}/retry', {
      ...common,
      summary: 'Try a message again that was given up',
      description: 'Of one whose outcome is unknown its recipient may get a second copy.',
      permission: 'messages.update',
      answer: MessageWithAttempts,
      errors: [409],
      handle: async ({ actor, params: { messageId }, requestId }) => {
        const sql = `update message set state = 'queued', reason = null, workflow_started = false, update_time = now()
                      where id = $1 and state in ('failed', 'unknown') and (expires_at is null or expires_at > now())`;
        if (!(await change(actor, messageId, 'messages.retry', sql, requestId)))
          throw problem(409, 'not_waiting', 'Only what failed or is unknown can be tried again, within its lifetime.');
        await startMessages({ startWaiting: (what) => hub.ask((steering) => steering.startWaiting(what)) }, [
          messageId,
        ]);
        return show(actor, messageId);
      },
    }),
  ];
};

interface Opened {
  to: string;
  /** Not there before it is rendered, nor where it holds a secret. */
  content?: { subject?: string; html?: string; text: string };
}

const openedOf = async (db: Queryable, ring: KeyRing, ids: readonly number[]): Promise<Map<number, Opened>> => {
  const { rows } = await db.query<{ id: number; key: string; sealed: Buffer }>(
    `select id, key, sealed from message where id = any($1::int[])`,
    [ids],
  );
  return new Map(
    rows.flatMap(({ id, key, sealed }): [number, Opened][] => {
      try {
        const { to, parameters, content } = openMessage(ring, sealed);
        // Whatever the template and the lifetime of its type were made to be.
        const isSecret = key.startsWith(CODE_KEY) || SECRET_PARAMETERS.some((name) => name in parameters);
        return [[id, content && !isSecret ? { to, content } : { to }]];
      } catch {
        return [];
      }
    }),
  );
};

const viewOf = (row: MessageListRow, opened: Opened | undefined): z.input<typeof Message> => ({
  id: row.id,
  type: row.type,
  channel: row.channel,
  locale: row.locale,
  recipient: opened?.to ?? null,
  subject: opened?.content?.subject ?? null,
  clientId: row.clientId ?? null,
  userId: row.userId ?? null,
  state: row.state as z.infer<typeof Message>['state'],
  attempts: row.attempts,
  connectionId: row.connectionId ?? null,
  providerId: row.providerId ?? null,
  providerStatus: row.providerStatus ?? null,
  reason: row.reason ?? null,
  expiresAt: isoTimeOrNull(row.expiresAt),
  nextAttempt: isoTimeOrNull(row.nextAttempt),
  createTime: isoTime(row.createTime),
  updateTime: isoTimeOrNull(row.updateTime),
});

const assertVisible = async (db: Queryable, actor: UserActor, id: number): Promise<void> => {
  const { rows } = await db.query(`select from message where id = $1 and ${scopeSql(actor, 'message.client_id')}`, [
    id,
  ]);
  if (rows.length === 0) throw notFound('message');
};
