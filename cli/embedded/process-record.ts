import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Birth time beside the pid, because the system gives pids out again. */
interface ProcessRecord {
  pid: number;
  born: string;
}

const folder = (stateDir: string): string => join(stateDir, 'processes');
const file = (stateDir: string, name: string): string => join(folder(stateDir), `${name}.json`);

/** Remembers a process in the state folder, so that the next start finds it even after a kill -9 of its parent. */
export function recordProcess(stateDir: string, name: string, pid: number): void {
  mkdirSync(folder(stateDir), { recursive: true });
  writeFileSync(file(stateDir, name), JSON.stringify({ pid, born: birthOf(pid) ?? '' } satisfies ProcessRecord));
}

export function forgetProcess(stateDir: string, name: string): void {
  rmSync(file(stateDir, name), { force: true });
}

/** The pid of the recorded process if that very process is still alive. */
export function livingProcess(stateDir: string, name: string): number | undefined {
  try {
    const record = JSON.parse(readFileSync(file(stateDir, name), 'utf8')) as ProcessRecord;
    return birthOf(record.pid) === record.born ? record.pid : undefined;
  } catch {
    return undefined;
  }
}

/** Stops what an earlier, killed start left behind; returns whether there was something. */
export async function stopOrphan(stateDir: string, name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<boolean> {
  const pid = livingProcess(stateDir, name);
  if (pid !== undefined) await stopProcess(pid, signal);
  forgetProcess(stateDir, name);
  return pid !== undefined;
}

/** Asks the process to end, waits, and kills it when it will not. Works for processes that are not our children. */
export async function stopProcess(pid: number, signal: NodeJS.Signals, patienceMs = 10_000): Promise<void> {
  const born = birthOf(pid);
  const gone = (): boolean => birthOf(pid) !== born;
  if (born === undefined) return;
  send(pid, signal);
  for (let waited = 0; waited < patienceMs; waited += 50) {
    if (gone()) return;
    await sleep(50);
  }
  send(pid, 'SIGKILL');
  for (let waited = 0; waited < 2_000 && !gone(); waited += 50) await sleep(50);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** When the process began, in whatever form the system tells it; undefined when there is no such process (or only its corpse). */
function birthOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
    }
    // proc(5): the name in brackets may hold spaces, so fields are counted after the last bracket; state is the 3rd, starttime the 22nd.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
