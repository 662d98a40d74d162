export interface AuditRow {
  id: string;
  actor: string;
  action: string;
  object: string;
  before: unknown;
  after: unknown;
  workflow_id: string | null;
  run_id: string | null;
  request_id: string | null;
  create_time: Date;
}

/** One text for one row, whatever order a database returns keys in: the thing that is hashed. */
export const auditContent = (seq: bigint, row: AuditRow): string =>
  canonical([
    seq.toString(),
    row.id,
    row.actor,
    row.action,
    row.object,
    row.before,
    row.after,
    row.workflow_id,
    row.run_id,
    row.request_id,
    row.create_time.toISOString(),
  ]);

const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
};
