import { KeyRing } from '../config/key-ring.ts';
import type { Settings } from '../config/settings.ts';
import { migrate } from '../db/migrate.ts';
import { createPool } from '../db/pool.ts';
import { acceptAudit } from '../db/repositories/audit-chain.ts';

/** The present schema; and what a chain of audit rows from before it had a head needs to be gone on with. */
export const bringSchema = async (
  settings: Pick<Settings, 'databaseUrl' | 'configKeys'>,
): Promise<{ applied: string[] }> => {
  const { applied } = await migrate(settings.databaseUrl);
  if (!applied.includes('0082-audit-head')) return { applied };
  const pool = createPool(settings.databaseUrl, 1);
  await acceptAudit(pool, new KeyRing(settings.configKeys)).finally(() => pool.end());
  return { applied };
};
