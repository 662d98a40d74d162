import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../cli/embedded/ports.ts';

const root = resolve(import.meta.dirname, '../..');
let state: string;
let taken: Server;
let port: string;
let nobody: string;

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'hub-beginning-'));
  taken = createServer().listen(await freePort(), '127.0.0.1');
  await once(taken, 'listening');
  port = String((taken.address() as { port: number }).port);
  nobody = `127.0.0.1:${await freePort()}`;
});
afterAll(() => {
  taken.close();
  rmSync(state, { recursive: true });
});

/** What a process that cannot begin says, and how it ends. */
const begun = async (entry: string, env: Record<string, string>) => {
  const elsewhere = { DATABASE_URL: `postgres://hub:x@${nobody}/hub`, TEMPORAL_ADDRESS: nobody, HUB_STATE_DIR: state };
  const child = spawn(process.execPath, [entry], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...elsewhere, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, lines: said.trim().split('\n') };
};

describe('a process that lacks what a setting names', () => {
  it.each([
    [
      'the API',
      'api/main.ts',
      () => ({ GEOIP_DATABASE: join(state, 'none.mmdb') }),
      /^GEOIP_DATABASE: no database of places at .*none\.mmdb \(ENOENT/,
    ],
    [
      'the API',
      'api/main.ts',
      () => ({ BREACHED_PASSWORDS: join(state, 'none') }),
      /^BREACHED_PASSWORDS: no list of passwords at .*none \(ENOENT/,
    ],
    [
      'the worker',
      'worker/main.ts',
      () => ({ WORKER_METRICS_PORT: port }),
      /^WORKER_METRICS_PORT: nothing can be served at .*in use/,
    ],
    [
      'the worker',
      'worker/main.ts',
      () => ({}),
      /^TEMPORAL_ADDRESS: no Temporal server answers at 127\.0\.0\.1:\d+ \(/,
    ],
    [
      'the sandboxes',
      'sandbox/main.ts',
      () => ({ SANDBOX_PORT: port }),
      /^SANDBOX_PORT: the sandboxes need \d+ and \d+ \(.*EADDRINUSE/,
    ],
    [
      'migrate',
      'cli/migrate.ts',
      () => ({}),
      /^DATABASE_URL: no database answers at 127\.0\.0\.1:\d+ \(.*ECONNREFUSED/,
    ],
  ])('ends with one sentence that names it: %s', async (_who, entry, env, sentence) => {
    const { code, lines } = await begun(entry, env());
    expect(lines).toEqual([expect.stringMatching(sentence)]);
    expect(code).toBe(1);
  });
});
