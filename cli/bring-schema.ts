import { KeyRing } from '../config/key-ring.ts';
import { needed } from '../config/or-exit.ts';
import type { Settings } from '../config/settings.ts';
import { migrate } from '../db/migrate.ts';
import { createPool } from '../db/pool.ts';
import { acceptAudit } from '../db/repositories/audit-chain.ts';

const greet = async (databaseUrl: string): Promise<void> => {
  const pool = createPool(databaseUrl, 1);
  try {
    await pool.query('select');
  } finally {
    await pool.end();
  }
};

/** The present schema; and what a chain of audit rows from before it had a head needs to be gone on with. */
export const bringSchema = async (
  settings: Pick<Settings, 'databaseUrl' | 'configKeys'>,
  say: (line: string) => void,
): Promise<{ applied: string[] }> => {
  const { host } = new URL(settings.databaseUrl);
  await needed('DATABASE_URL', `no database answers at ${host}`, () => greet(settings.databaseUrl));
  const { applied } = await migrate(settings.databaseUrl, say);
  if (!applied.includes('0082-audit-head')) return { applied };
  const pool = createPool(settings.databaseUrl, 1);
  try {
    await acceptAudit(pool, new KeyRing(settings.configKeys));
  } finally {
    await pool.end();
  }
  return { applied };
};
