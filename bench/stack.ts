import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import type pg from 'pg';
import { providers } from '../adapters/installed.ts';
import { demoConnections } from '../cli/demo-connections.ts';
import { CACHE } from '../cli/embedded/find-program.ts';
import { freePort } from '../cli/embedded/ports.ts';
import { startPostgres } from '../cli/embedded/postgres.ts';
import { forgetProcess, livingProcess, recordProcess, stopOrphan } from '../cli/embedded/process-record.ts';
import { cliSearchAttributes } from '../cli/embedded/search-attributes.ts';
import { type RunningService, startService } from '../cli/embedded/service.ts';
import { temporalCli } from '../cli/embedded/temporal-binary.ts';
import { startTemporal } from '../cli/embedded/temporal.ts';
import { untilReady } from '../cli/start/readiness.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import { newStateKeys } from '../config/state-keys.ts';
import { migrate } from '../db/migrate.ts';
import { createPool } from '../db/pool.ts';
import { checkLedger } from '../db/repositories/ledger.ts';
import { seedAdmin } from '../db/seed/admin.ts';
import { seed } from '../db/seed/seed.ts';
import { type SandboxServer, startSandboxServer } from '../sandbox/server.ts';
import { connectTemporal } from '../worker/client.ts';
import { Steering } from '../worker/steering.ts';

const run = promisify(execFile);
const HERE = import.meta.dirname;
const FOLDER = join(CACHE, 'bench', 'stack');

/** A hub of its own for one run: PostgreSQL with normal durability, Temporal on a file, sandboxes here, worker and API apart. */
export class Stack {
  readonly settings: Settings;
  readonly pool: pg.Pool;
  readonly client: Client;
  readonly steering: Steering;
  readonly sandboxes: SandboxServer;
  readonly #services: RunningService[];
  readonly #closing: (() => Promise<unknown>)[];
  readonly #started = new Map<string, Promise<void>>();

  private constructor(
    parts: Pick<Stack, 'settings' | 'pool' | 'client' | 'steering' | 'sandboxes'>,
    services: RunningService[],
    closing: (() => Promise<unknown>)[],
  ) {
    this.settings = parts.settings;
    this.pool = parts.pool;
    this.client = parts.client;
    this.steering = parts.steering;
    this.sandboxes = parts.sandboxes;
    this.#services = services;
    this.#closing = closing;
  }

  static async start(say: (line: string) => void): Promise<Stack> {
    await clearFolder();
    const services: RunningService[] = [];
    const keys = newStateKeys();
    const [pgPort, temporalPort, temporalUiPort, port] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const modules = await Promise.all(providers.filter((one) => one.sandbox).map((one) => one.sandbox!()));
    const sandboxes = await startSandboxServer({ port: 0, modules });
    const password = randomBytes(12).toString('hex');
    // The processes started from here read the same environment.
    Object.assign(process.env, {
      HUB_MODE: 'embedded',
      HUB_STATE_DIR: FOLDER,
      PORT: String(port),
      // Clients come from many addresses, which callers of figures name.
      TRUST_PROXY: '1',
      DATABASE_URL: `postgres://postgres:${password}@127.0.0.1:${pgPort}/brokerhub`,
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
      TEMPORAL_UI_URL: `http://127.0.0.1:${temporalUiPort}`,
      SANDBOX_URL: sandboxes.origin,
      PAYLOAD_KEYS: keys.payloadKeys,
      CONFIG_KEYS: keys.configKeys,
      JWT_PRIVATE_KEY: keys.jwtPrivateKey,
      ADMIN_EMAIL: 'bench@example.com',
      ADMIN_PASSWORD: randomBytes(12).toString('base64url'),
    });
    const settings = loadSettings();
    say('PostgreSQL and Temporal …');
    await Promise.all([
      startPostgres({ stateDir: FOLDER, port: pgPort, password, database: 'brokerhub' }).then((one) =>
        services.push(one),
      ),
      startTemporal({
        cli: await temporalCli(say),
        stateDir: FOLDER,
        port: temporalPort,
        uiPort: temporalUiPort,
        namespace: settings.temporalNamespace,
        searchAttributes: cliSearchAttributes,
      }).then((one) => services.push(one)),
    ]);
    await migrate(settings.databaseUrl);
    await seed(settings.databaseUrl, {
      configKeys: settings.configKeys,
      connections: await demoConnections(sandboxes.origin),
    });
    await seedAdmin(settings.databaseUrl, { email: settings.adminEmail, password: settings.adminPassword! });
    const pool = createPool(settings.databaseUrl, 20);
    pool.on('error', () => undefined);
    // A message to a client is a run of its own, which would be measured with whatever is timed after it began.
    await pool.query(`update message_route set enabled = false`);
    const { client, connection } = connectTemporal(settings);
    const steering = new Steering(client, settings.payloadKeys);
    return new Stack({ settings, pool, client, steering, sandboxes }, services, [
      () => connection.close(),
      () => pool.end(),
      () => sandboxes.close(),
    ]);
  }

  /** The worker process: the hub's worker and, beside it, the one of the bare references. */
  worker(): Promise<void> {
    return this.#once('worker', async () => {
      await this.#process('worker', ['worker.ts'], 'bench worker polls');
    });
  }

  /** The real API process; answers its origin. */
  async api(): Promise<string> {
    const origin = this.settings.publicUrl;
    await this.#once('api', async () => {
      await this.worker();
      await this.#process('api', ['../api/main.ts'], 'API listening');
      await untilReady(origin, () => undefined);
    });
    return origin;
  }

  /** Starts a further process of bench/ that prints `readyLine`. */
  async process(name: string, args: readonly string[], readyLine: string): Promise<void> {
    await this.#once(name, () => this.#process(name, args, readyLine));
  }

  /** Resident memory of one of our processes, megabytes. */
  async memoryOf(name: 'temporal' | 'worker' | 'api'): Promise<number> {
    const pid = livingProcess(FOLDER, name);
    if (pid === undefined) throw new Error(`${name} does not run`);
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
    return Number(stdout) / 1024;
  }

  /** Throws when the books are wrong: a figure of wrong work is worth nothing. */
  async assertBooksRight(): Promise<void> {
    const breaches = await checkLedger(this.pool);
    if (breaches.length > 0) throw new Error(`the books are wrong: ${JSON.stringify(breaches.slice(0, 5))}`);
  }

  async stop(): Promise<void> {
    const [postgres, temporal, ...processes] = this.#services;
    for (const one of processes.toReversed()) await one.stop();
    for (const close of this.#closing) await close().catch(() => undefined);
    await temporal?.stop();
    await postgres?.stop();
    forgetProcess(FOLDER, 'bench');
    rmSync(FOLDER, { recursive: true, force: true });
  }

  #once(name: string, start: () => Promise<void>): Promise<void> {
    const running = this.#started.get(name) ?? start();
    this.#started.set(name, running);
    return running;
  }

  async #process(name: string, [entry, ...args]: readonly string[], readyLine: string): Promise<void> {
    const service = await startService({
      name,
      stateDir: FOLDER,
      command: process.execPath,
      args: [resolve(HERE, entry!), ...args],
      readyLine,
      stopSignal: 'SIGTERM',
      readyWithinMs: 60_000,
    });
    this.#services.push(service);
  }
}

/** One run at a time; what an interrupted one left behind is ended and removed. */
const clearFolder = async (): Promise<void> => {
  const holder = livingProcess(FOLDER, 'bench');
  if (holder !== undefined)
    throw new Error(`Another benchmark runs (process ${holder}): two would measure each other.`);
  for (const name of ['api', 'worker', 'references', 'receiver', 'temporal']) await stopOrphan(FOLDER, name);
  await stopOrphan(FOLDER, 'postgres', 'SIGQUIT');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true, mode: 0o711 });
  recordProcess(FOLDER, 'bench', process.pid);
};
