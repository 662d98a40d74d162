import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { forgetProcess, recordProcess, stopProcess } from '../embedded/process-record.ts';
import type { RunningService } from '../embedded/service.ts';

const projectRoot = resolve(import.meta.dirname, '../..');

/** Enough for what is nearly done. A call to a slow provider that is cut short is safe: its answer counts as lost and is asked for. */
const PATIENCE_MS = 30_000;

/** Runs one of our entry points as a process of its own; each of its lines is handed to `say`. */
export async function startNodeProcess(
  name: string,
  entryPoint: string,
  stateDir: string,
  say: (line: string) => void,
): Promise<RunningService> {
  // A session of its own: Ctrl-C in the terminal must reach only us, who know in which order to stop.
  const child = spawn(process.execPath, [entryPoint], {
    cwd: projectRoot,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', say);
  const exited = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`));
  }).then((how) => {
    forgetProcess(stateDir, name);
    return how;
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${name} cannot be started: ${await exited}`);
  recordProcess(stateDir, name, pid);
  const stop = async (): Promise<void> => {
    await stopProcess(pid, 'SIGTERM', PATIENCE_MS);
    await exited;
  };
  return { pid, exited, stop };
}
