import type { Tools } from '../../activities/kit/activity.ts';
import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { loadWebhook, type WebhookRow } from '../../db/repositories/webhooks.ts';
import { notFound, problem } from '../kit/errors.ts';
import { deliverNow } from './deliveries.ts';
import { receiverOf } from './receivers.ts';

/**
 * Delivers a stored callback once more; harmless, since a callback only makes its run look. A rejected one is proved again with the
 * settings of now, which helps after a wrong secret was mended.
 */
export const replayWebhook = async (
  tools: Omit<Tools, 'run' | 'signal'>,
  webhookId: string,
  { actor, requestId }: { actor: string; requestId?: string },
): Promise<{ status: string }> => {
  const webhook = await loadWebhook(tools.pool, webhookId);
  if (!webhook) throw notFound('webhook');
  const dedupeKey = webhook.status === 'rejected' ? await proveAgain(tools, webhook) : null;
  await inTransaction(tools.pool, async (db) => {
    const { rowCount } = await db.query(
      // Its patience starts anew; delivering settles it.
      `update webhook set status = 'received', attempts = 0, next_attempt = now() + interval '5 seconds', dedupe_key = coalesce($2, dedupe_key), reason = null,
              update_time = now()
        where id = $1 and not exists (select from webhook other where other.connection_id = webhook.connection_id and other.dedupe_key = $2
                                         and other.status <> 'rejected' and other.id <> webhook.id)`,
      [webhookId, dedupeKey],
    );
    if (rowCount === 0)
      throw problem(409, 'already_done', 'The provider sent the same message again, and it was accepted.');
    await recordAudit(db, {
      actor,
      action: 'webhooks.replay',
      object: `webhook:${webhookId}`,
      before: { status: webhook.status },
      ...(requestId === undefined ? {} : { requestId }),
    });
  });
  return deliverNow(tools, webhookId);
};

const proveAgain = async (
  { pool, ring, publicUrl }: Omit<Tools, 'run' | 'signal'>,
  webhook: WebhookRow,
): Promise<string> => {
  const receiver = await receiverOf(pool, ring, publicUrl)(webhook.connectionId);
  const verdict = receiver?.verify(webhook);
  if (verdict?.ok) return verdict.dedupeKey;
  throw problem(409, 'not_waiting', 'It was rejected and still cannot be proved with the present settings.');
};
