import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { assertPortFree, freePort } from '../../cli/embedded/ports.ts';
import { startPostgres } from '../../cli/embedded/postgres.ts';
import { livingProcess, recordProcess, stopOrphan } from '../../cli/embedded/process-record.ts';
import { startService } from '../../cli/embedded/service.ts';
import { claimStateFolder, clearStateFolder } from '../../cli/start/state-folder.ts';
import { supervise } from '../../cli/start/supervise.ts';

let stateDir: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'hub-embedded-'));
  chmodSync(stateDir, 0o711);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(stateDir, { recursive: true, force: true });
});

async function sleeper(
  script = 'setInterval(() => {}, 1e6); console.log("up")',
): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child as ChildProcess & { pid: number };
}

describe('a process left behind by a killed start', () => {
  it('is found again and stopped', async () => {
    const orphan = await sleeper();
    recordProcess(stateDir, 'worker', orphan.pid);
    expect(livingProcess(stateDir, 'worker')).toBe(orphan.pid);
    expect(await stopOrphan(stateDir, 'worker')).toBe(true);
    expect(livingProcess(stateDir, 'worker')).toBeUndefined();
  });

  it('is not confused with another process that got its number', async () => {
    const stranger = await sleeper();
    recordProcess(stateDir, 'worker', stranger.pid);
    const record = join(stateDir, 'processes', 'worker.json');
    writeFileSync(record, JSON.stringify({ ...JSON.parse(readFileSync(record, 'utf8')), born: 'long ago' }));
    expect(await stopOrphan(stateDir, 'worker')).toBe(false);
    expect(stranger.exitCode).toBeNull();
    expect(stranger.signalCode).toBeNull();
  });
});

describe('the state folder', () => {
  it('is held by one start at a time', async () => {
    const other = await sleeper();
    recordProcess(stateDir, 'start', other.pid);
    expect(() => claimStateFolder(stateDir)).toThrow(`A hub already runs on ${stateDir} (process ${other.pid})`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(() => claimStateFolder(stateDir)).not.toThrow();
  });

  it('loses only what is ours when begun anew', () => {
    for (const name of ['keys.json', 'temporal.db', 'temporal.db-wal', 'postgres.log', 'diary.txt'])
      writeFileSync(join(stateDir, name), '');
    clearStateFolder(stateDir);
    expect(existsSync(join(stateDir, 'keys.json'))).toBe(false);
    expect(existsSync(join(stateDir, 'temporal.db-wal'))).toBe(false);
    expect(existsSync(join(stateDir, 'diary.txt'))).toBe(true);
  });
});

describe('a port in use', () => {
  it('is reported with the variable that changes it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(assertPortFree('SANDBOX_PORT', port)).rejects.toThrow(
      `Port ${port} is in use by another program: stop it, or set SANDBOX_PORT to a free port.`,
    );
    server.close();
    await once(server, 'close');
    await expect(assertPortFree('SANDBOX_PORT', port)).resolves.toBeUndefined();
  });
});

describe('a supervised process', () => {
  const service = (script: string) => () =>
    startService({
      name: 'thing',
      stateDir,
      command: process.execPath,
      args: ['-e', script],
      readyLine: 'up',
      stopSignal: 'SIGTERM',
      readyWithinMs: 20_000,
    });

  it('is started again when it ends by itself, and not when it is stopped', async () => {
    const said: string[] = [];
    const started: number[] = [];
    const start = async () => {
      const running = await service('setInterval(() => {}, 1e6); console.log("up")')();
      started.push(running.pid);
      return running;
    };
    const thing = await supervise('thing', start, (line) => void said.push(line));
    process.kill(started[0]!, 'SIGKILL');
    while (started.length < 2) await new Promise((done) => setTimeout(done, 20));
    expect(said).toEqual(['thing ended by itself (SIGKILL); starting it again in 0.5 s.']);
    await thing.stop();
    expect(livingProcess(stateDir, 'thing')).toBeUndefined();
    expect(started).toHaveLength(2);
  });

  it('that ends while starting is reported with its last words', async () => {
    await expect(service('console.error("no disk"); process.exit(3)')()).rejects.toThrow(
      /thing ended while starting \(exit code 3\):\nno disk/,
    );
  });
});

describe('embedded PostgreSQL', () => {
  it('keeps its data over a kill -9, and takes over from a server that was left running', async () => {
    const port = await freePort();
    const options = { stateDir, port, password: 'not a secret', database: 'brokerhub' };
    const query = async (sql: string) => {
      const client = new Client({
        host: '127.0.0.1',
        port,
        user: 'postgres',
        password: options.password,
        database: 'brokerhub',
      });
      await client.connect();
      return client.query(sql).finally(() => client.end());
    };

    const killed = await startPostgres(options);
    await query('create table kept (id int); insert into kept values (1)');
    process.kill(killed.pid, 'SIGKILL');
    await killed.exited;

    const leftRunning = await startPostgres(options);
    expect((await query('select * from kept')).rowCount).toBe(1);

    const successor = await startPostgres(options);
    await leftRunning.exited;
    expect(successor.pid).not.toBe(leftRunning.pid);
    expect((await query('select * from kept')).rowCount).toBe(1);
    await successor.stop();
  });
});
