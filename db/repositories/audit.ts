import type { Queryable } from '../pool.ts';

export interface AuditEntry {
  /** 'user:7', 'client:7', 'workflow', 'system', 'temporal-ui': somebody there, who is not named */
  actor: string;
  action: string;
  object: string;
  before?: unknown;
  after?: unknown;
  workflowId?: string;
  runId?: string;
  requestId?: string;
}

/** Written in the same transaction as the change it tells of. */
export const recordAudit = async (db: Queryable, entry: AuditEntry): Promise<void> => {
  await db.query(
    `insert into audit (actor, action, object, before, after, workflow_id, run_id, request_id) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      entry.actor,
      entry.action,
      entry.object,
      entry.before === undefined ? null : JSON.stringify(entry.before),
      entry.after === undefined ? null : JSON.stringify(entry.after),
      entry.workflowId ?? null,
      entry.runId ?? null,
      entry.requestId ?? null,
    ],
  );
};

/** Whether the last that was said of an object is just this: an attempt that is made again has said it before. */
export const isLastAudited = async (
  db: Queryable,
  { action, object, after }: Pick<AuditEntry, 'action' | 'object' | 'after'>,
): Promise<boolean> =>
  (
    await db.query(
      `select from (select action, after from audit where object = $1 order by id desc limit 1) as last where action = $2 and after = $3::jsonb`,
      [object, action, JSON.stringify(after)],
    )
  ).rowCount === 1;
