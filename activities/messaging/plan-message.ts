import { inTransaction, type Queryable } from '../../db/pool.ts';
import {
  loadMessage,
  messageConnections,
  type MessageRow,
  noteMessageState,
  openMessage,
  sealMessage,
} from '../../db/repositories/messages.ts';
import { loadSharedTexts, templateFor } from '../../db/repositories/templates.ts';
import { HubFailure, isHubFailure } from '../../domain/failures.ts';
import type { MessagePlan, MessageState, Route } from '../../domain/messages.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { renderTemplate } from './render.ts';

/** What is to be done about a message now: nothing any more, or who could send it. Renders it before the first attempt. */
export const planMessage: Activity<{ messageId: number }, MessagePlan> = async ({ messageId }, tools) => {
  const message = await inTransaction(tools.pool, async (db): Promise<MessageRow | MessageState> => {
    const row = await loadMessage(db, messageId, true);
    await db.query(`update message set workflow_started = true where id = $1`, [messageId]);
    if (row.state !== 'queued' && row.state !== 'sending') return row.state;
    const end = async (state: MessageState, reason: string): Promise<MessageState> => {
      await noteMessageState(db, { messageId, attempt: 0, state, reason });
      return state;
    };
    if (row.expired) {
      // Of one that may have been sent nobody can say that it was not.
      return row.state === 'queued'
        ? end('expired', 'It was not sent within its lifetime.')
        : end('unknown', 'Nobody could tell within its lifetime whether it was sent.');
    }
    try {
      await renderOnce(tools, db, row);
      return row;
    } catch (error) {
      if (!isHubFailure(error)) throw error;
      return end('failed', error.message);
    }
  });
  if (typeof message === 'string') return { over: message };
  const { attempts, connectionId, expiresAt, channel } = message;
  return {
    over: null,
    routes: (await messageConnections(tools.pool, channel)).flatMap((one) => routeOf(tools, one, channel)),
    attempts,
    lastConnectionId: connectionId,
    expiresAt: expiresAt?.getTime() ?? null,
  };
};

const renderOnce = async ({ ring }: Tools, db: Queryable, { id, type, channel, locale, sealed }: MessageRow) => {
  const message = openMessage(ring, sealed);
  if (message.content) return;
  const template = await templateFor(db, type, channel, locale);
  if (!template) throw new HubFailure('Rejected', 'not_found', `The template ${type} was switched off meanwhile.`);
  const content = renderTemplate(template, message.parameters, await loadSharedTexts(db));
  await db.query(`update message set sealed = $2 where id = $1`, [id, sealMessage(ring, { ...message, content })]);
};

const routeOf = (
  { provider }: Tools,
  { connectionId, provider: id }: { connectionId: number; provider: string },
  channel: MessageRow['channel'],
): Route[] => {
  const found = installed(() => provider(id));
  if (found?.category !== 'messaging' || !found.adapter.channels.includes(channel)) return [];
  const { idempotency, adapter } = found;
  return [{ connectionId, provider: id, idempotency, finds: !!adapter.find, tells: !!adapter.webhook }];
};

/** A provider whose adapter is not installed here sends nothing. */
const installed = <T>(look: () => T): T | null => {
  try {
    return look();
  } catch {
    return null;
  }
};
