import type pg from 'pg';
import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { notFound, problem } from '../kit/errors.ts';

/** `parked`: kept for later, not tried again until somebody replays it. `ignored`: nothing is to be done about it. */
export type SetAside = 'parked' | 'ignored';

/** An operator's word on a callback that is not delivered. It can be replayed at any time. */
export const setWebhookAside = async (
  pool: pg.Pool,
  webhookId: string,
  as: SetAside,
  { actor, comment, requestId }: { actor: string; comment?: string | undefined; requestId?: string },
): Promise<void> =>
  inTransaction(pool, async (db) => {
    const { rows } = await db.query<{ status: string; reason: string | null }>(
      `select status, reason from webhook where id = $1 for update`,
      [webhookId],
    );
    const before = rows[0];
    if (!before) throw notFound('webhook');
    if (before.status === 'delivered') throw problem(409, 'already_done', 'It was delivered.');
    // What was never proved must not come to look like what was.
    if (before.status === 'rejected')
      throw problem(409, 'not_waiting', 'It was rejected and is not tried anyway. A replay proves it again.');
    const reason = `${as} by ${actor}${comment ? `: ${comment}` : ''}`;
    await db.query(
      `update webhook set status = $2, reason = $3, next_attempt = null, update_time = now() where id = $1`,
      [webhookId, as, reason],
    );
    await recordAudit(db, {
      actor,
      action: `webhooks.${as === 'parked' ? 'park' : 'ignore'}`,
      object: `webhook:${webhookId}`,
      before,
      after: { status: as, reason },
      ...(requestId === undefined ? {} : { requestId }),
    });
  });
