import type pg from 'pg';
import { Gauge, type Registry } from 'prom-client';
import { allSources, pairsInUse } from '../../db/repositories/rates.ts';
import { chooseRate } from '../../domain/rates.ts';

interface Row {
  source: string;
  overdue: number;
  held: number;
}

const SOURCES = `
  select s.name as source, greatest(0, extract(epoch from now() - coalesce(s.answered_at, s.create_time)) - s.refresh_seconds)::float as overdue,
         (select count(*) from rate r where r.source_id = s.id and r.held_since is not null)::int as held
    from rate_source s join connection c on c.id = s.connection_id where s.enabled and c.enabled`;

/** How rates fare, read when somebody scrapes. */
export const addRateGauges = (registry: Registry, pool: pg.Pool): void => {
  const gauge = (name: string, help: string, value: (row: Row) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['source'],
      registers: [registry],
      async collect() {
        this.reset();
        const { rows } = await pool.query<Row>(SOURCES).catch(() => ({ rows: [] as Row[] }));
        for (const row of rows) this.set({ source: row.source }, value(row));
      },
    });
  gauge(
    'hub_rate_source_overdue_seconds',
    'For how long an answer of a rate provider is due',
    ({ overdue }) => overdue,
  );
  gauge('hub_rates_held', 'Rates that jumped and wait to be confirmed', ({ held }) => held);
  new Gauge({
    name: 'hub_rates_missing',
    help: 'Pairs that payment methods or currency pairs need and nobody has a usable rate of',
    registers: [registry],
    async collect() {
      const missing = await missingPairs(pool).catch(() => null);
      if (missing === null) this.reset();
      else this.set(missing);
    },
  });
};

const missingPairs = async (pool: pg.Pool): Promise<number> => {
  const pairs = await pairsInUse(pool);
  const sources = await allSources(pool);
  const now = Date.now();
  return pairs.filter(({ from, to }) => typeof chooseRate(sources(from, to), from, to, now) === 'string').length;
};
