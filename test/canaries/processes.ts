import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { freePort } from '../../cli/embedded/ports.ts';
import { newStateKeys } from '../../config/state-keys.ts';
import { seedAdmin } from '../../db/seed/admin.ts';
import { HubProcess } from '../faults/process.ts';
import { TestHub } from '../kit/hub.ts';
import type { Canary, Trace } from './scan.ts';

const ADMIN = 'admin@broker.example';

/** The hub's own API and worker processes, both as talkative as they can be, over a database and a namespace of their own. */
export class Processes {
  readonly hub: TestHub;
  readonly origin: string;
  readonly password: string;
  /** Keys and passwords of the hub itself. */
  readonly canaries: Canary[];
  private readonly folder: string;
  private readonly env: NodeJS.ProcessEnv;
  private readonly metrics: string;
  private readonly running: HubProcess[];
  /** What commands printed. */
  private readonly printed: Trace[] = [];

  private constructor(
    parts: Pick<Processes, 'hub' | 'origin' | 'password' | 'canaries'> & {
      folder: string;
      env: NodeJS.ProcessEnv;
      metrics: string;
    },
  ) {
    ({ hub: this.hub, origin: this.origin, password: this.password, canaries: this.canaries } = parts);
    ({ folder: this.folder, env: this.env, metrics: this.metrics } = parts);
    this.running = [
      new HubProcess('api', 'api/main.ts', /API listening/, join(this.folder, 'api.log'), this.env),
      new HubProcess('worker', 'worker/main.ts', /"msg":"polling"/, join(this.folder, 'worker.log'), this.env),
    ];
  }

  static async start(): Promise<Processes> {
    const hub = await TestHub.start();
    await hub.pause();
    const { databaseUrl, temporalAddress, temporalNamespace, payloadKeys, configKeys } = hub.settings;
    const [port, metricsPort] = [await freePort(), await freePort()];
    const { jwtPrivateKey } = newStateKeys();
    const password = `canary-${randomBytes(9).toString('hex')}`;
    await seedAdmin(databaseUrl, { email: ADMIN, password });
    const folder = mkdtempSync(join(tmpdir(), 'hub-canaries-'));
    const origin = `http://127.0.0.1:${port}`;
    const env: NodeJS.ProcessEnv = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      HUB_MODE: 'embedded',
      HUB_STATE_DIR: folder,
      HUB_TIMINGS: 'quick',
      LOG_LEVEL: 'trace',
      PORT: String(port),
      WORKER_METRICS_PORT: String(metricsPort),
      DATABASE_URL: databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: temporalNamespace,
      SANDBOX_URL: hub.sandboxes.origin,
      PAYLOAD_KEYS: payloadKeys,
      CONFIG_KEYS: configKeys,
      JWT_PRIVATE_KEY: jwtPrivateKey,
    };
    const keyOf = (ring: string) => ring.split(':')[1]!;
    const canaries = [
      { what: 'the key of payloads', text: keyOf(payloadKeys) },
      { what: 'the key of settings', text: keyOf(configKeys) },
      { what: 'the key of tokens', text: jwtPrivateKey.split('\n')[1]! },
      { what: 'the password of the database', text: decodeURIComponent(new URL(databaseUrl).password) },
      { what: "the operator's password", text: password },
    ];
    const processes = new Processes({
      hub,
      origin,
      password,
      canaries,
      folder,
      env,
      metrics: `http://127.0.0.1:${metricsPort}/metrics`,
    });
    await Promise.all(processes.running.map((one) => one.start()));
    return processes;
  }

  get email(): string {
    return ADMIN;
  }

  /** Runs a command of the hub as people do; `env` besides what the processes have. */
  async command(entry: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const said = await new Promise<string>((done) => {
      execFile(process.execPath, [entry, ...args], { env: { ...this.env, ...env } }, (_error, stdout, stderr) =>
        done(stdout + stderr),
      );
    });
    this.printed.push({ where: `what ${entry} printed`, text: said });
    return said;
  }

  /** Everything the processes wrote and count. */
  async traces(): Promise<Trace[]> {
    return [
      ...this.running.map(({ name, log }) => ({ where: `the log of the ${name}`, text: readFileSync(log, 'utf8') })),
      ...this.printed,
      { where: 'the metrics of the api', text: await (await fetch(`${this.origin}/metrics`)).text() },
      { where: 'the metrics of the worker', text: await (await fetch(this.metrics)).text() },
    ];
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map((one) => one.kill()));
    await this.hub.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
