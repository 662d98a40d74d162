import { createHash, createSecretKey } from 'node:crypto';
import type { Express } from 'express';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.ts';
import { useBreachedPasswords } from '../db/breached-passwords.ts';
import { Memory } from '../db/memory.ts';
import { createOrm } from '../db/orm.ts';
import { usePasswordCost } from '../db/passwords.ts';
import { createPool } from '../db/pool.ts';
import type { ApiDeps, Temporal } from './deps.ts';
import { createAccess } from './kit/access.ts';
import { type Mount, createApp } from './kit/app.ts';
import { createGate } from './kit/gate.ts';
import { createMetrics } from './kit/metrics.ts';
import type { Procedure } from './kit/procedure.ts';
import { createTokenKeys } from './kit/token-keys.ts';
import { createTokens } from './kit/tokens.ts';
import { coreProcedures } from './procedures.ts';

/** What other parts add to the core: methods over workflows, and pieces that read their own requests. */
export interface Additions {
  procedures?: (deps: ApiDeps) => Procedure[];
  mounts?: (deps: ApiDeps) => Mount[];
}

export interface BuiltApi {
  app: Express;
  deps: ApiDeps;
  /** All that is mounted, for those who check all of it. */
  procedures: Procedure[];
  /** Closes what building opened; Temporal belongs to the caller. */
  close: () => Promise<void>;
}

/** The API of one process, ready to be listened with. */
export const buildApi = async (
  settings: Settings,
  temporal: Temporal,
  log: Logger,
  additions: Additions = {},
): Promise<BuiltApi> => {
  usePasswordCost({ memoryKib: settings.passwordMemoryKib, passes: settings.passwordPasses });
  await useBreachedPasswords(settings.breachedPasswords);
  const pool = createPool(settings.databaseUrl, settings.dbPoolSize);
  // A lost connection must not end the process, be it idle or in use: the query fails, and the pool opens another.
  const lost = (error: Error) => log.warn({ err: error }, 'database connection lost');
  pool.on('error', lost).on('connect', (connection) => connection.on('error', lost));
  const orm = await createOrm(settings.databaseUrl, Math.max(1, Math.ceil(settings.dbPoolSize / 2)));
  const memory = new Memory(settings.databaseUrl, lost);
  void memory.listen();
  const tokenKeys = await createTokenKeys(settings, pool, memory);
  const tokens = createTokens(settings, pool, tokenKeys);
  const access = createAccess(pool, tokens, memory);
  const metrics = createMetrics(pool);
  const { measureCall } = metrics;
  const deps: ApiDeps = { settings, pool, memory, orm, log, tokens, tokenKeys, access, temporal, measureCall };
  const procedures = [...coreProcedures(deps), ...(additions.procedures?.(deps) ?? [])];
  const app = createApp({
    trustProxy: settings.trustProxy,
    pool,
    access,
    gate: createGate(pool, memory),
    log,
    fingerprintSecret: createSecretKey(createHash('sha256').update(`idempotency:${settings.jwtPrivateKey}`).digest()),
    metrics,
    procedures,
    mounts: additions.mounts?.(deps) ?? [],
  });
  return {
    app,
    deps,
    procedures,
    close: async () => {
      await memory.close();
      await orm.close(true);
      await pool.end();
    },
  };
};
