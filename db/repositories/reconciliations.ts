import { HubFailure } from '../../domain/failures.ts';
import { COMPARED, reconciliationId, type ReconciliationState } from '../../domain/reconciliation.ts';
import type { Queryable } from '../pool.ts';

export interface ReconciliationRow {
  id: number;
  connectionId: number;
  /** The connection's name. */
  connection: string;
  provider: string;
  from: Date;
  to: Date;
  state: ReconciliationState;
  coveredFrom: Date | null;
  workflowId: string;
}

export const loadReconciliation = async (db: Queryable, id: number): Promise<ReconciliationRow> => {
  const { rows } = await db.query<ReconciliationRow>(
    `select r.id, r.connection_id as "connectionId", c.name as connection, c.provider, r.window_from as "from", r.window_to as "to", r.state,
            r.covered_from as "coveredFrom", r.workflow_id as "workflowId"
       from reconciliation r join connection c on c.id = r.connection_id where r.id = $1`,
    [id],
  );
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no reconciliation ${id}`);
  return rows[0];
};

/**
 * Writes down that a window is to be compared; its run is started afterwards. One that was compared before is compared again, one that is under way
 * stays as it is. `user`: who wants it; null = the schedule, which never asks twice for a window. `key`: of his order, if he gave one; the last order that had
 * one changes nothing when it comes again. Null when nothing was ordered.
 */
export const orderReconciliation = async (
  db: Queryable,
  {
    connectionId,
    from,
    to,
    user,
    key,
  }: { connectionId: number; from: Date; to: Date; user: number | null; key?: string | undefined },
): Promise<{ id: number; workflowId: string } | null> => {
  const { rows } = await db.query<{ id: number; workflowId: string }>(
    `insert into reconciliation (connection_id, window_from, window_to, workflow_id, user_id, order_key) values ($1, $2, $3, $4, $5, $6)
     on conflict (connection_id, window_from, window_to) do update set
       state = case when reconciliation.state = any($7) then 'waiting' else reconciliation.state end,
       workflow_started = reconciliation.workflow_started and reconciliation.state <> all($7),
       process_time = case when reconciliation.state <> all($7) then reconciliation.process_time end, user_id = excluded.user_id, order_key = coalesce(excluded.order_key, reconciliation.order_key), update_time = now()
       where excluded.user_id is not null and (excluded.order_key is null or excluded.order_key is distinct from reconciliation.order_key)
     returning id, workflow_id as "workflowId"`,
    [connectionId, from, to, reconciliationId(connectionId, from, to), user, key ?? null, COMPARED],
  );
  return rows[0] ?? null;
};

/** Begins a run, maybe anew: what an earlier one counted is forgotten. */
export const beginReconciliation = async (db: Queryable, id: number, coveredFrom: Date): Promise<void> => {
  await db.query(
    `update reconciliation r set state = 'reading', workflow_started = true, waits_for = null, movements = 0, accounts = 0, found = 0, resolved = 0,
            left_out = '{}', update_time = now(), process_time = null,
            covered_from = least($2, (select min(o.covered_from) from reconciliation o
                                       where o.connection_id = r.connection_id and o.state = 'done' and o.covered_from < $2 and o.window_to >= $2))
      where id = $1`,
    [id, coveredFrom],
  );
};

export interface ReconciliationNews {
  state?: ReconciliationState;
  /** Null: it goes on. */
  waitsFor?: string | null;
  movements?: number;
  accounts?: number;
  found?: number;
  resolved?: number;
  leftOut?: Record<string, number>;
}

/** Differences are added to those that were counted; all else replaces what was said before. Answers how many there are. */
export const noteReconciliation = async (
  db: Queryable,
  id: number,
  news: ReconciliationNews,
): Promise<{ found: number; resolved: number }> => {
  const isOver = news.state !== undefined && COMPARED.includes(news.state);
  const { rows } = await db.query<{ found: number; resolved: number }>(
    `update reconciliation set state = coalesce($2, state), waits_for = case when $3 then $4 else waits_for end, movements = coalesce($5, movements),
            accounts = coalesce($6, accounts), found = found + $7, resolved = resolved + $8, left_out = coalesce($9::jsonb, left_out), workflow_started = true,
            update_time = now(), process_time = case when $10 then now() end
      where id = $1 returning found, resolved`,
    [
      id,
      news.state ?? null,
      news.waitsFor !== undefined || isOver,
      news.waitsFor ?? null,
      news.movements ?? null,
      news.accounts ?? null,
      news.found ?? 0,
      news.resolved ?? 0,
      news.leftOut ? JSON.stringify(news.leftOut) : null,
      isOver,
    ],
  );
  return rows[0] ?? { found: 0, resolved: 0 };
};
