import type pg from 'pg';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ObservedCall } from '../../activities/kit/observe-calls.ts';

interface Row {
  provider: string;
  connection: string;
  paused: number;
  failures: number;
}

const STATES = `select c.provider, c.name as connection, (h.state <> 'closed' or h.paused_until > now())::int as paused, h.failures_in_row as failures
  from connection c join connection_health h on h.connection_id = c.id where c.enabled`;

/** How connections fare, read when somebody scrapes. Labels hold names of configuration, nothing of clients. */
export const addConnectionGauges = (registry: Registry, pool: pg.Pool): void => {
  const gauge = (name: string, help: string, value: (row: Row) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['provider', 'connection'],
      registers: [registry],
      async collect() {
        this.reset();
        const { rows } = await pool.query<Row>(STATES).catch(() => ({ rows: [] as Row[] }));
        for (const row of rows) this.set({ provider: row.provider, connection: row.connection }, value(row) ?? 0);
      },
    });
  gauge('hub_connection_paused', '1 while the work of a connection waits', ({ paused }) => paused);
  gauge(
    'hub_connection_failures_in_row',
    'Calls without an answer since the last one with',
    ({ failures }) => failures,
  );
};

/** Calls that this process makes itself; the workers serve the same figures of theirs. */
export const callMeter = (registry: Registry): ((call: ObservedCall) => void) => {
  const labelNames = ['provider', 'connection', 'operation'] as const;
  const calls = new Counter({
    name: 'hub_provider_calls',
    help: 'Calls to providers by what came of them',
    labelNames: [...labelNames, 'outcome'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'hub_provider_call_milliseconds',
    help: 'How long providers took',
    labelNames,
    // Those of the workers' figures, so that both can be added up.
    buckets: [50, 100, 500, 1_000, 2_500, 10_000],
    registers: [registry],
  });
  return ({ provider, connection, operation, durationMs, failure }) => {
    const labels = { provider, connection, operation };
    calls.inc({ ...labels, outcome: failure?.type ?? 'answered' });
    durations.observe(labels, Math.round(durationMs));
  };
};
