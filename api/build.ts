import { createHash, createSecretKey } from 'node:crypto';
import type { Express } from 'express';
import type { Logger } from 'pino';
import { KeyRing } from '../config/key-ring.ts';
import { needed } from '../config/or-exit.ts';
import type { Settings } from '../config/settings.ts';
import { useBreachedPasswords } from '../db/breached-passwords.ts';
import { Memory } from '../db/memory.ts';
import { createOrm } from '../db/orm.ts';
import { usePasswordCost } from '../db/passwords.ts';
import { createPool } from '../db/pool.ts';
import { timingsNamed } from '../domain/timings.ts';
import { Steering } from '../worker/steering.ts';
import { confirming } from './back-office/sign-in/confirming.ts';
import { UserFactors } from './back-office/sign-in/user-factors.ts';
import type { ApiDeps, Temporal } from './deps.ts';
import { createAccess } from './kit/access.ts';
import { type Mount, createApp } from './kit/app.ts';
import { createGate } from './kit/gate.ts';
import { createMetrics } from './kit/metrics.ts';
import { openPlaces } from './kit/places.ts';
import type { Procedure } from './kit/procedure.ts';
import { createTokenKeys } from './kit/token-keys.ts';
import { createTokens } from './kit/tokens.ts';
import { createUpgrade, type Upgrade } from './kit/upgrade.ts';
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
  upgrade: Upgrade;
  /** Ends what stays open by itself, before the server waits for what is under way. */
  hangUp: () => void;
  /** Closes what building opened; Temporal belongs to the caller. */
  close: () => Promise<void>;
}

const START_PATIENCE_MS = 3_000;

/** The API of one process, ready to be listened with. */
export const buildApi = async (
  settings: Settings,
  temporal: Temporal,
  log: Logger,
  additions: Additions = {},
): Promise<BuiltApi> => {
  const { geoipDatabase, breachedPasswords } = settings;
  const places = await needed('GEOIP_DATABASE', `no database of places at ${geoipDatabase}`, () =>
    openPlaces(geoipDatabase),
  );
  usePasswordCost({ memoryKib: settings.passwordMemoryKib, passes: settings.passwordPasses });
  await needed('BREACHED_PASSWORDS', `no list of passwords at ${breachedPasswords}`, () =>
    useBreachedPasswords(breachedPasswords),
  );
  const pool = createPool(settings.databaseUrl, settings.dbPoolSize);
  // A lost connection must not end the process, be it idle or in use: the query fails, and the pool opens another.
  const lost = (error: Error) => log.warn({ err: error }, 'database connection lost');
  pool.on('error', lost).on('connect', (connection) => connection.on('error', lost));
  const orm = await createOrm(settings.databaseUrl, Math.max(1, Math.ceil(settings.dbPoolSize / 2)));
  const memory = new Memory(settings.databaseUrl, lost);
  void memory.listen();
  const ring = new KeyRing(settings.configKeys);
  const tokenKeys = await createTokenKeys(settings, pool, memory, ring);
  const tokens = createTokens(settings, pool, tokenKeys);
  const access = createAccess(pool, tokens, memory);
  const gate = createGate(pool, memory);
  const steering = new Steering(temporal.client, settings.payloadKeys, timingsNamed(settings.hubTimings));
  // A code is mailed at once when Temporal is there, else by the sweep.
  const userFactors = new UserFactors(pool, ring, {
    startWaiting: (run) =>
      temporal.connection.withDeadline(Date.now() + START_PATIENCE_MS, () => steering.startWaiting(run)),
  });
  const metrics = createMetrics(pool);
  const { measureCall } = metrics;
  const deps: ApiDeps = {
    settings,
    pool,
    memory,
    orm,
    log,
    ring,
    tokens,
    tokenKeys,
    userFactors,
    access,
    gate,
    temporal,
    places,
    measureCall,
  };
  const procedures = [...coreProcedures(deps), ...(additions.procedures?.(deps) ?? [])];
  const mounts = additions.mounts?.(deps) ?? [];
  const app = createApp({
    trustProxy: settings.trustProxy,
    corsOrigins: settings.corsOrigins,
    pool,
    access,
    gate,
    log,
    confirm: confirming(pool, userFactors),
    fingerprintSecret: createSecretKey(createHash('sha256').update(`idempotency:${settings.jwtPrivateKey}`).digest()),
    metrics,
    procedures,
    mounts,
  });
  const hangUp = () => mounts.forEach((mount) => mount.hangUp?.());
  return {
    app,
    deps,
    procedures,
    upgrade: createUpgrade({ app, gate, log, mounts }),
    hangUp,
    close: async () => {
      hangUp();
      await memory.close();
      await orm.close(true);
      await pool.end();
    },
  };
};
