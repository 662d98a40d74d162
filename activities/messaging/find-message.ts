import type { MessageReport } from '../../adapters/kit/messaging.ts';
import { loadMessage, openMessage } from '../../db/repositories/messages.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';
import { begunAs, type Sending } from './send-message.ts';

/** The probe after a lost answer: null only when the provider clearly never saw it; throws when it could not be asked. */
export const findMessage: Activity<Sending, MessageReport | null> = async (
  { messageId, connectionId, attempt },
  { pool, ring, open, signal },
) => {
  const { reference, sealed } = await loadMessage(pool, messageId);
  const { to, content } = openMessage(ring, sealed);
  const { rows } = await pool.query<{ since: Date }>(
    `select create_time as since from message_attempt where message_id = $1 and number = $2`,
    [messageId, attempt],
  );
  // The attempt is written down before anything is sent.
  if (!rows[0] || !content) return null;
  const { adapter, ctx } = await open('messaging', connectionId, signal, { begun: begunAs(reference, connectionId) });
  if (!adapter.find) throw new HubFailure('Unsupported', 'unsupported', 'The provider cannot be asked about messages.');
  return adapter.find(ctx, { reference, to, text: content.text, since: rows[0].since.getTime() });
};
