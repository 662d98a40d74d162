import type pg from 'pg';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { addConnectionGauges, callMeter } from './connection-metrics.ts';
import { addRateGauges } from './rate-metrics.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export type HttpMetrics = ReturnType<typeof createMetrics>;

/** Prometheus figures of one API process. Labels hold route patterns, never ids. */
export const createMetrics = (pool: pg.Pool) => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: 'hub_http_request_seconds',
    help: 'Duration of requests by method, route pattern and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const problems = new Counter({
    name: 'hub_http_internal_errors_total',
    help: 'Answers with status 500',
    labelNames: ['route'],
    registers: [registry],
  });
  new Gauge({
    name: 'hub_db_pool_connections',
    help: 'Connections of the SQL pool by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'open' }, pool.totalCount);
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
  addHubGauges(registry, pool);
  addConnectionGauges(registry, pool);
  addRateGauges(registry, pool);
  // Finding the figure of three labels costs more than adding to it.
  const figures = new Map<string, Histogram.Internal<'method' | 'route' | 'status'>>();
  const figureOf = (method: string, route: string, status: number) => {
    const name = `${method} ${route} ${status}`;
    let figure = figures.get(name);
    if (!figure) {
      figure = durations.labels({ method, route, status });
      figures.set(name, figure);
    }
    return figure;
  };
  return {
    registry,
    measureCall: callMeter(registry),
    observe: (method: string, route: string, status: number, seconds: number): void => {
      figureOf(METHODS.has(method) ? method : 'other', route, status).observe(seconds);
      if (status === 500) problems.inc({ route });
    },
  };
};

const COUNTS = `select
  (select count(*) from money_transaction where needs_human is not null)::int as needs_human,
  (select count(*) from application where status_id in (0, 3, 127))::int as open_requests,
  (select count(*) from webhook where status = 'parked')::int as parked_webhooks,
  (select count(*) from webhook where status = 'received')::int as waiting_webhooks,
  (select count(*) from webhook where status = 'rejected' and reason = 'bad_signature' and create_time > now() - interval '1 hour')::int as refused_webhooks,
  (select count(*) from reconciliation_difference where state = 'open')::int as open_differences,
  (select count(*) from reconciliation where state in ('waiting', 'reading', 'comparing') and coalesce(update_time, create_time) < now() - interval '3 hours')::int
    as late_reconciliations,
  (select count(*) from reconciliation r where state = 'cannot_compare' and window_to = (select max(window_to) from reconciliation l where l.connection_id = r.connection_id))::int
    as not_comparable_connections,
  (select coalesce(extract(epoch from now() - min(create_time)), 0) from realtime_event where xact >= pg_snapshot_xmin(pg_current_snapshot()))::float as oldest_untold_seconds,
  (select count(*) from audit where seq is null)::int as unsealed_audit,
  (select coalesce(extract(epoch from now() - min(create_time)), 0) from audit where seq is null)::float as oldest_unsealed_seconds,
  (select count(*) from loose_file where since < now() - interval '1 hour')::int as loose_files,
  (select count(*) from message where state in ('queued', 'sending') and create_time < now() - interval '5 minutes')::int as late_messages,
  (select count(*) from message where state in ('failed', 'unknown') and reason is distinct from 'limit_exceeded' and create_time > now() - interval '1 day')::int as lost_messages,
  (select coalesce(extract(epoch from now() - min(create_time)), 0) from money_transaction where not workflow_started)::float as oldest_unstarted_seconds`;

const HELP = {
  needs_human: 'Transactions an operator must look at',
  open_requests: 'Requests waiting for a decision',
  parked_webhooks: 'Webhooks whose workflow does not exist yet',
  waiting_webhooks: 'Webhooks stored and not yet delivered',
  refused_webhooks: 'Webhooks of the last hour whose signature was wrong: by strangers, or because a secret is',
  loose_files: 'Files of clients that no row names any more and that were not removed within an hour',
  late_messages: 'Messages that wait for longer than five minutes',
  lost_messages: 'Messages of the last day that failed, or of which nobody can tell',
  open_differences: "Differences between providers' books and ours that nobody has settled",
  late_reconciliations: "Comparisons with providers' books that have not moved on for three hours",
  not_comparable_connections: 'Connections whose provider shows no books: nothing can be said about them',
  oldest_untold_seconds: 'Age of the oldest event that apps are not told because a transaction does not end',
  unsealed_audit: 'Audit rows not yet in the hash chain',
  oldest_unsealed_seconds: 'Age of the oldest audit row that is not in the hash chain',
  oldest_unstarted_seconds: 'Age of the oldest transaction whose workflow was not started',
} as const;

/** What the product itself should be watched by; read from the database when somebody scrapes. */
const addHubGauges = (registry: Registry, pool: pg.Pool): void => {
  let counted: Promise<Record<string, number>> | undefined;
  const count = () => {
    counted ??= pool
      .query<Record<string, number>>(COUNTS)
      .then(({ rows }) => rows[0] ?? {})
      .catch(() => ({}))
      .finally(() => setTimeout(() => (counted = undefined), 1000).unref());
    return counted;
  };
  new Gauge({
    name: 'hub_database_up',
    help: 'Whether the database answers: what is read from it is missing while it does not',
    registers: [registry],
    async collect() {
      this.set(Object.keys(await count()).length > 0 ? 1 : 0);
    },
  });
  for (const [name, help] of Object.entries(HELP)) {
    new Gauge({
      name: `hub_${name}`,
      help,
      registers: [registry],
      async collect() {
        const value = (await count())[name];
        // Not known is not 0: no alert must resolve because the database is away.
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }
};
