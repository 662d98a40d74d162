import type { SqlRunner } from './idempotency.ts';

export interface AuditEntry {
  /** 'user:7'; actorName() gives it. */
  actor: string;
  /** 'currencies.update' */
  action: string;
  /** 'currency:840' */
  object: string;
  before?: unknown;
  after?: unknown;
  requestId: string;
}

/** Leaves a row beside the change it tells of: call it in the same transaction. `before` and `after` hold no secrets. */
export const writeAudit = async (query: SqlRunner, entry: AuditEntry): Promise<void> => {
  await query('insert into audit (actor, action, object, before, after, request_id) values ($1, $2, $3, $4, $5, $6)', [
    entry.actor,
    entry.action,
    entry.object,
    entry.before === undefined ? null : JSON.stringify(entry.before),
    entry.after === undefined ? null : JSON.stringify(entry.after),
    entry.requestId,
  ]);
};
