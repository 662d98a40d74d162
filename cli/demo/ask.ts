import type { Settings } from '../../config/settings.ts';
import { createPool } from '../../db/pool.ts';

/** One question to the hub's database; the demo looks up what the API does not show yet (ids of seeded rows, references). */
export const ask = async <Row extends object>(
  settings: Settings,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> => {
  const pool = createPool(settings.databaseUrl, 1);
  try {
    return (await pool.query<Row>(sql, values)).rows;
  } finally {
    await pool.end();
  }
};
