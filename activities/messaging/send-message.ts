import type { MessageReport } from '../../adapters/kit/messaging.ts';
import { beginAttempt, loadMessage, openMessage } from '../../db/repositories/messages.ts';
import type { Answer } from '../../domain/outcomes.ts';
import type { Activity } from '../kit/activity.ts';
import { answerOf } from '../kit/answer.ts';

export interface Sending {
  messageId: number;
  connectionId: number;
  attempt: number;
}

/**
 * Gives a message to a provider. To whom and what is read here: neither travels through histories. Throws only before anything could have been sent.
 */
export const sendMessage: Activity<Sending, Answer<MessageReport>> = async (sending, { pool, ring, open, signal }) => {
  const { reference, channel, sealed } = await loadMessage(pool, sending.messageId);
  const { to, content } = openMessage(ring, sealed);
  const about = { begins: begunAs(reference, sending.connectionId) };
  const { adapter, ctx } = await open('messaging', sending.connectionId, signal, about);
  if (!content || !(await beginAttempt(pool, sending)))
    return { outcome: 'refused', reason: 'already_done', message: 'The message is over.' };
  return answerOf(() => adapter.send(ctx, { reference, channel, to, ...content }), judge);
};

/** The same message may be begun at several connections, each with settings of its own. */
export const begunAs = (reference: string, connectionId: number): string => `${reference}@${connectionId}`;

const judge = (report: MessageReport): Answer<MessageReport> => {
  if (report.state !== 'failed') return { outcome: 'done', report };
  const { code, why, providerStatus } = report;
  return { outcome: 'refused', reason: 'provider_refused', message: [code, why ?? providerStatus].join(' ').trim() };
};
