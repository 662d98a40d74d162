import type { Queryable } from '../pool.ts';
import { unseenArrays } from '../unseen.ts';

export interface WebhookRow {
  id: string;
  connectionId: number;
  headers: Record<string, string>;
  body: Buffer;
  status: 'received' | 'rejected' | 'parked' | 'delivered' | 'ignored' | 'failed';
  attempts: number;
  /** Nothing proves who sent it. */
  unsigned: boolean;
}

export interface IncomingWebhook {
  connectionId: number;
  headers: Record<string, string>;
  body: Buffer;
  remoteAddress: string | null;
  verdict: { ok: true; dedupeKey: string; trust: 'signed' | 'partial' | 'none' } | { ok: false; reason: string };
}

export interface StoredWebhook {
  id: string;
  /** False when the same message came before. */
  fresh: boolean;
}

/** What was not delivered by then is the sweep's. */
export const SWEPT_AFTER_MS = 5_000;

/** The same proved message has the same name; null for what is not proved, which is kept every time. */
const nameOf = ({ connectionId, verdict }: IncomingWebhook): string | null =>
  verdict.ok ? `${connectionId} ${verdict.dedupeKey.toWellFormed()}` : null;

/**
 * Keeps callbacks as they came, all with one insert. A message that came before, or comes twice here, only counts up. Answers in the
 * order given; null for what is not proved.
 */
export const storeWebhooks = async (
  db: Queryable,
  incoming: readonly IncomingWebhook[],
): Promise<(StoredWebhook | null)[]> => {
  const copies = new Map<string, number>();
  const first: IncomingWebhook[] = [];
  for (const one of incoming) {
    const name = nameOf(one);
    const before = name === null ? 0 : (copies.get(name) ?? 0);
    if (name !== null) copies.set(name, before + 1);
    if (before === 0) first.push(one);
  }
  // In one order everywhere, so that two processes that keep the same messages do not wait for each other.
  first.sort((a, b) => ((nameOf(a) ?? '') < (nameOf(b) ?? '') ? -1 : 1));
  // Bodies travel as the bytes they are, one behind the other.
  let end = 0;
  const rowsToKeep = first.map((one) => {
    const { connectionId, headers, body, remoteAddress, verdict } = one;
    const place = { at: end + 1, size: body.length };
    end += body.length;
    const about = { connectionId, headers, ...place, remoteAddress, copies: copies.get(nameOf(one) ?? '') ?? 1 };
    return verdict.ok
      ? {
          ...about,
          status: 'received',
          dedupeKey: verdict.dedupeKey.toWellFormed(),
          unsigned: verdict.trust === 'none',
        }
      : { ...about, status: 'rejected', reason: verdict.reason, unsigned: false };
  });
  const { rows } = await db.query<StoredWebhook & { connectionId: number; dedupeKey: string | null }>(
    `insert into webhook (connection_id, headers, body, remote_address, status, dedupe_key, reason, copies, unsigned, next_attempt)
     select "connectionId", headers, substr($2::bytea, at, size), "remoteAddress", status, "dedupeKey", reason, copies, unsigned,
            case when status = 'received' then now() + make_interval(secs => $3 / 1000.0) end
       from json_to_recordset($1::json) as come ("connectionId" integer, headers jsonb, at integer, size integer, "remoteAddress" text, status text,
              "dedupeKey" text, reason text, copies integer, unsigned boolean)
     on conflict (connection_id, dedupe_key) where dedupe_key is not null and status <> 'rejected'
       do update set copies = webhook.copies + excluded.copies, update_time = now()
     returning id, xmax = 0 as fresh, connection_id as "connectionId", dedupe_key as "dedupeKey"`,
    [
      JSON.stringify(rowsToKeep),
      Buffer.concat(
        first.map(({ body }) => body),
        end,
      ),
      SWEPT_AFTER_MS,
    ],
  );
  const kept = new Map(
    rows.map(({ id, fresh, connectionId, dedupeKey }) => [`${connectionId} ${dedupeKey}`, { id, fresh }]),
  );
  return incoming.map((one) => {
    const name = nameOf(one);
    const found = name === null ? undefined : kept.get(name);
    if (!found) return null;
    kept.set(name!, { ...found, fresh: false });
    return found;
  });
};

/** By id; those that do not exist are left out. */
export const loadWebhooks = async (db: Queryable, ids: readonly string[]): Promise<WebhookRow[]> =>
  (
    await db.query<WebhookRow>(
      `select id, connection_id as "connectionId", headers, body, status, attempts, unsigned from webhook where id = any($1::bigint[]) order by id`,
      [ids],
    )
  ).rows;

export const loadWebhook = async (db: Queryable, id: string): Promise<WebhookRow | null> =>
  (await loadWebhooks(db, [id]))[0] ?? null;

/** After this many tries over three days a callback that fits nothing is left to a person. */
const PATIENCE = ['10 seconds', '1 minute', '10 minutes', '1 hour', '6 hours', '1 day', '1 day'];

/** What became of a callback. `parked`: not for anybody we know yet, tried again later. */
export interface Settling {
  webhook: Pick<WebhookRow, 'id' | 'attempts'>;
  as: 'delivered' | 'ignored' | 'parked';
  reason?: string;
  workflowId?: string;
}

/** Notes what became of callbacks, all with one update; not of one that somebody else has noted since it was read. */
export const settleWebhooks = async (db: Queryable, settlings: readonly Settling[]): Promise<void> => {
  if (settlings.length === 0) return;
  const pauses = settlings.map(({ as, webhook }) => (as === 'parked' ? (PATIENCE[webhook.attempts] ?? null) : null));
  await db.query(
    `update webhook set status = was.status, reason = was.reason, workflow_id = was.workflow_id, next_attempt = now() + was.pause::interval,
            attempts = webhook.attempts + 1, update_time = now()
       from unnest(${unseenArrays('bigint', 'text', 'text', 'text', 'text', 'int')}) as was (id, status, reason, workflow_id, pause, attempts)
      where webhook.id = was.id and webhook.attempts = was.attempts`,
    [
      settlings.map(({ webhook }) => webhook.id),
      settlings.map(({ as }, i) => (as === 'parked' && pauses[i] === null ? 'failed' : as)),
      settlings.map(({ reason }) => reason ?? null),
      settlings.map(({ workflowId }) => workflowId ?? null),
      pauses,
      settlings.map(({ webhook }) => webhook.attempts),
    ],
  );
};
