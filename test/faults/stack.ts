import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { providers } from '../../adapters/installed.ts';
import { secretsIn } from '../../adapters/kit/config.ts';
import { demoConnections } from '../../cli/demo-connections.ts';
import { freePort } from '../../cli/embedded/ports.ts';
import { startPostgres } from '../../cli/embedded/postgres.ts';
import { cliSearchAttributes } from '../../cli/embedded/search-attributes.ts';
import type { RunningService } from '../../cli/embedded/service.ts';
import { type EmbeddedTemporalOptions, startTemporal } from '../../cli/embedded/temporal.ts';
import { temporalCli } from '../../cli/embedded/temporal-binary.ts';
import { readyz } from '../../cli/start/readiness.ts';
import { newStateKeys } from '../../config/state-keys.ts';
import { KeyRing } from '../../config/key-ring.ts';
import { migrate } from '../../db/migrate.ts';
import type { DemoConnection } from '../../db/seed/demo.ts';
import { seed } from '../../db/seed/seed.ts';
import { QUICK_TIMINGS } from '../../domain/timings.ts';
import type { SandboxControl } from '../../sandbox/control.ts';
import { type SandboxServer, startSandboxServer } from '../../sandbox/server.ts';
import { connectTemporal } from '../../worker/client.ts';
import { ensureSchedules } from '../../worker/schedules.ts';
import { Steering } from '../../worker/steering.ts';
import { HubProcess } from './process.ts';
import { Proxy } from './proxy.ts';
import { BOOKKEEPERS } from './venues.ts';
import { type OpenVenue, openVenues, venueConnections } from './open-venues.ts';

/** Texts that may appear nowhere but where they belong. */
export interface Secrets {
  [what: string]: string;
}

/**
 * A whole hub of its own: PostgreSQL behind a proxy, Temporal on a file, one worker and one API process that can be killed. The
 * providers' sandboxes live in this process: they are the witness whose books must survive everything.
 */
export class Stack {
  readonly folder: string;
  readonly api: HubProcess;
  readonly worker: HubProcess;
  readonly proxy: Proxy;
  readonly sandboxes: SandboxServer;
  /** Past the proxy: who checks must not be disturbed. */
  readonly pool: pg.Pool;
  /** Of its configuration keys. */
  readonly ring: KeyRing;
  readonly client: Client;
  readonly steering: Steering;
  readonly origin: string;
  readonly secrets: Secrets;
  /** By the name of the connection. */
  readonly venues: ReadonlyMap<string, OpenVenue>;
  private readonly connection: Connection;
  private readonly postgres: RunningService;
  private readonly temporalOptions: EmbeddedTemporalOptions;
  private temporal: RunningService | null;

  private constructor(parts: {
    folder: string;
    api: HubProcess;
    worker: HubProcess;
    proxy: Proxy;
    sandboxes: SandboxServer;
    pool: pg.Pool;
    ring: KeyRing;
    client: Client;
    connection: Connection;
    steering: Steering;
    origin: string;
    secrets: Secrets;
    venues: ReadonlyMap<string, OpenVenue>;
    postgres: RunningService;
    temporal: RunningService;
    temporalOptions: EmbeddedTemporalOptions;
  }) {
    this.folder = parts.folder;
    this.api = parts.api;
    this.worker = parts.worker;
    this.proxy = parts.proxy;
    this.sandboxes = parts.sandboxes;
    this.pool = parts.pool;
    this.ring = parts.ring;
    this.client = parts.client;
    this.connection = parts.connection;
    this.steering = parts.steering;
    this.origin = parts.origin;
    this.secrets = parts.secrets;
    this.venues = parts.venues;
    this.postgres = parts.postgres;
    this.temporal = parts.temporal;
    this.temporalOptions = parts.temporalOptions;
  }

  /** `folder`: an empty one that the PostgreSQL account may enter. */
  static async start(folder: string, say: (line: string) => void): Promise<Stack> {
    const [pgPort, proxyPort, port, temporalPort, uiPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const keys = newStateKeys();
    const databaseAt = (at: number) => `postgres://postgres:${keys.postgresPassword}@127.0.0.1:${at}/brokerhub`;
    const temporalOptions: EmbeddedTemporalOptions = {
      cli: await temporalCli(say),
      stateDir: folder,
      port: temporalPort,
      uiPort,
      namespace: 'default',
      searchAttributes: cliSearchAttributes,
    };
    const modules = await Promise.all(providers.flatMap((provider) => (provider.sandbox ? [provider.sandbox()] : [])));
    const [postgres, temporal, sandboxes, proxy] = await Promise.all([
      startPostgres({
        stateDir: folder,
        port: pgPort,
        password: keys.postgresPassword,
        database: 'brokerhub',
        throwaway: true,
      }),
      startTemporal(temporalOptions),
      startSandboxServer({ port: 0, modules }),
      Proxy.start(proxyPort, pgPort),
    ]);
    await migrate(databaseAt(pgPort));
    const connections = await withVenues(await demoConnections(sandboxes.origin, modules), sandboxes.origin);
    await seed(databaseAt(pgPort), { configKeys: keys.configKeys, connections });

    const origin = `http://127.0.0.1:${port}`;
    const env: NodeJS.ProcessEnv = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      HUB_MODE: 'embedded',
      HUB_STATE_DIR: folder,
      HUB_TIMINGS: 'quick',
      DATABASE_URL: databaseAt(proxyPort),
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      PORT: String(port),
      SANDBOX_URL: sandboxes.origin,
      ACCESS_TOKEN_SECONDS: '86400',
      // Each client of a procedure comes from an address of his own.
      TRUST_PROXY: '1',
      PAYLOAD_KEYS: keys.payloadKeys,
      CONFIG_KEYS: keys.configKeys,
      JWT_PRIVATE_KEY: keys.jwtPrivateKey,
    };
    const { client, connection } = connectTemporal({
      temporalAddress: `127.0.0.1:${temporalPort}`,
      temporalNamespace: 'default',
      payloadKeys: keys.payloadKeys,
    });
    // Made before the worker makes it: what a crash left is picked up sooner than in production.
    await ensureSchedules(client, '1s');
    const logs = join(folder, 'logs');
    mkdirSync(logs, { recursive: true });
    const pool = new pg.Pool({ connectionString: databaseAt(pgPort), max: 6, application_name: 'faults' });
    pool.on('error', () => undefined);
    const venues = await openVenues(pool);
    const key = (ring: string) => ring.slice(ring.indexOf(':') + 1);
    const stack = new Stack({
      folder,
      worker: new HubProcess('worker', 'worker/main.ts', /"queue":"hub".*"polling"/, join(logs, 'worker.log'), env),
      api: new HubProcess('api', 'api/main.ts', /API listening/, join(logs, 'api.log'), env),
      proxy,
      sandboxes,
      pool,
      ring: new KeyRing(keys.configKeys),
      client,
      connection,
      steering: new Steering(client, keys.payloadKeys, QUICK_TIMINGS),
      origin,
      postgres,
      temporal,
      temporalOptions,
      venues,
      secrets: {
        ...secretsOf(connections),
        'the database password': keys.postgresPassword,
        'a payload key': key(keys.payloadKeys),
        'a configuration key': key(keys.configKeys),
        'the signing key': keys.jwtPrivateKey.split('\n')[1]!,
      },
    });
    // The sandbox would throttle the many sign-ins of workers that are killed again and again.
    await stack.sandbox('b2binpay').advance('settings', JSON.stringify({ unauthenticatedPerMinute: null }));
    // Its clients take their time: the operators' round plays them.
    await stack.sandbox('praxis').advance('settings', JSON.stringify({ clientSubmits: false }));
    await Promise.all([stack.worker.start(), stack.api.start()]);
    await stack.untilReady();
    return stack;
  }

  sandbox(id: string): SandboxControl {
    return this.sandboxes.module(id);
  }

  async killTemporal(): Promise<void> {
    const { temporal } = this;
    this.temporal = null;
    if (temporal === null) return;
    process.kill(temporal.pid, 'SIGKILL');
    await temporal.exited;
  }

  /** On the same file. */
  async startTemporal(): Promise<void> {
    if (this.temporal !== null) return;
    this.temporal = await startTemporal(this.temporalOptions);
  }

  /** Ends every session of the hub at the server. */
  async terminateSessions(): Promise<void> {
    await this.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
          and application_name <> 'faults'`,
    );
  }

  /** Everything up again and serving. Throws after `withinMs`. */
  async heal(withinMs = 40_000): Promise<void> {
    this.proxy.heal();
    for (const id of BOOKKEEPERS) this.sandbox(id).faults.clear();
    await this.startTemporal();
    await Promise.all([this.worker.start(), this.api.start()]);
    await this.untilReady(withinMs);
  }

  private async untilReady(withinMs = 40_000): Promise<void> {
    const until = Date.now() + withinMs;
    for (;;) {
      const { ready, words } = await readyz(this.origin);
      if (ready) return;
      if (Date.now() > until) throw new Error(`the hub is not ready after ${withinMs} ms: ${words}`);
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.worker.kill(), this.api.kill()]);
    await this.pool.end();
    await this.connection.close();
    await this.sandboxes.close();
    await this.proxy.close();
    await Promise.all([this.temporal?.stop(), this.postgres.stop()]);
  }
}

/** The demo's connections, and those only a campaign has. */
const withVenues = async (demo: readonly DemoConnection[], origin: string): Promise<DemoConnection[]> => {
  const known = new Set(demo.map(({ name }) => name));
  return [...demo, ...(await venueConnections(origin)).filter(({ name }) => !known.has(name))];
};

/** Of every connection, each by its own name. */
const secretsOf = (connections: readonly DemoConnection[]): Secrets =>
  Object.fromEntries(
    connections.flatMap(({ name, provider, config }) =>
      secretsIn(providers.find(({ id }) => id === provider)!.config, config).map((secret, n) => [
        `secret ${n + 1} of ${name}`,
        secret,
      ]),
    ),
  );

/** Fresh passwords for the campaign's operators. */
export const newPassword = (): string => `Pw-${randomBytes(12).toString('base64url')}`;
