import type { Queryable } from '../pool.ts';

export interface WebhookRow {
  id: string;
  connectionId: number;
  headers: Record<string, string>;
  body: Buffer;
  status: 'received' | 'rejected' | 'parked' | 'delivered' | 'ignored' | 'failed';
  attempts: number;
}

export interface IncomingWebhook {
  connectionId: number;
  headers: Record<string, string>;
  body: Buffer;
  remoteAddress: string | null;
  verdict: { ok: true; dedupeKey: string } | { ok: false; reason: string };
}

/** Keeps a callback as it came, in one insert. A message that came before only counts up; `fresh` tells. */
export const storeWebhook = async (
  db: Queryable,
  { connectionId, headers, body, remoteAddress, verdict }: IncomingWebhook,
): Promise<{ id: string; fresh: boolean }> => {
  const { rows } = await db.query<{ id: string; fresh: boolean }>(
    `insert into webhook (connection_id, headers, body, remote_address, status, dedupe_key, reason, next_attempt)
     values ($1, $2, $3, $4, $5, $6, $7, case when $5 = 'received' then now() + interval '5 seconds' end)
     on conflict (connection_id, dedupe_key) where dedupe_key is not null and status <> 'rejected'
       do update set copies = webhook.copies + 1, update_time = now()
     returning id, xmax = 0 as fresh`,
    [
      connectionId,
      headers,
      body,
      remoteAddress,
      verdict.ok ? 'received' : 'rejected',
      verdict.ok ? verdict.dedupeKey : null,
      verdict.ok ? null : verdict.reason,
    ],
  );
  return rows[0]!;
};

export const loadWebhook = async (db: Queryable, id: string): Promise<WebhookRow | null> =>
  (
    await db.query<WebhookRow>(
      `select id, connection_id as "connectionId", headers, body, status, attempts from webhook where id = $1`,
      [id],
    )
  ).rows[0] ?? null;

/** After this many tries over three days a callback that fits nothing is left to a person. */
const PATIENCE = ['10 seconds', '1 minute', '10 minutes', '1 hour', '6 hours', '1 day', '1 day'];

export const settleWebhook = async (
  db: Queryable,
  id: string,
  as: { status: 'delivered' | 'ignored' | 'failed'; reason?: string; workflowId?: string },
): Promise<void> => {
  await db.query(
    `update webhook set status = $2, reason = $3, workflow_id = $4, next_attempt = null, attempts = attempts + 1, update_time = now() where id = $1`,
    [id, as.status, as.reason ?? null, as.workflowId ?? null],
  );
};

/** Not for anybody we know yet: tried again later. */
export const parkWebhook = async (db: Queryable, { id, attempts }: WebhookRow, reason: string): Promise<void> => {
  const pause = PATIENCE[attempts];
  if (!pause) return settleWebhook(db, id, { status: 'failed', reason });
  await db.query(
    `update webhook set status = 'parked', reason = $2, next_attempt = now() + $3::interval, attempts = attempts + 1, update_time = now() where id = $1`,
    [id, reason, pause],
  );
};
