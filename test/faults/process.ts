import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const projectRoot = resolve(import.meta.dirname, '../..');

const living = new Set<ChildProcess>();

/** For an exit that cannot wait. */
export const killHubProcesses = (): void => {
  for (const child of living) child.kill('SIGKILL');
};

/** One of the hub's own processes, to be killed at any moment. One that ends by itself is started again, as in production, and counted. */
export class HubProcess {
  readonly name: string;
  readonly log: string;
  /** How often it ended without being told to. */
  deaths = 0;
  private readonly entry: string;
  private readonly ready: RegExp;
  private readonly env: NodeJS.ProcessEnv;
  private child: ChildProcess | null = null;
  private wanted = false;
  private up: Promise<void> = Promise.resolve();

  constructor(name: string, entry: string, ready: RegExp, log: string, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.entry = entry;
    this.ready = ready;
    this.log = log;
    this.env = env;
  }

  /** Resolves when it says that it serves. Harmless when it runs already. */
  start(): Promise<void> {
    this.wanted = true;
    if (this.child === null) this.up = this.spawn();
    return this.up;
  }

  /** kill -9, and back when it is gone. */
  async kill(): Promise<void> {
    this.wanted = false;
    const { child } = this;
    if (child === null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }

  private async startAgain(): Promise<void> {
    await sleep(300);
    if (this.wanted) await this.start();
  }

  private spawn(): Promise<void> {
    const child = spawn(process.execPath, [this.entry], {
      cwd: projectRoot,
      env: this.env,
      detached: true, // Ctrl-C in the terminal is for the campaign, which ends its processes itself
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    living.add(child);
    return new Promise((done) => {
      for (const stream of [child.stdout, child.stderr])
        createInterface({ input: stream }).on('line', (line) => {
          appendFileSync(this.log, `${line}\n`);
          if (this.ready.test(line)) done();
        });
      child.once('exit', (code, signal) => {
        appendFileSync(this.log, `--- ${this.name} ended: ${signal ?? code}\n`);
        this.child = null;
        living.delete(child);
        if (this.wanted) {
          this.deaths += 1;
          void this.startAgain();
        }
        done();
      });
    });
  }
}
