import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { livingProcess, recordProcess, stopOrphan } from '../embedded/process-record.ts';

/** Everything the hub keeps in its state folder. `--fresh` removes these and nothing else, wherever HUB_STATE_DIR points. */
const OURS = /^(postgres|postgres\.new|temporal\.db.*|keys\.json.*|uploads|.+\.log(\.1)?)$/;

/** Claims the state folder for this process; throws when another `npm start` holds it. */
export function claimStateFolder(stateDir: string): void {
  const holder = livingProcess(stateDir, 'start');
  if (holder !== undefined && holder !== process.pid) {
    throw new Error(
      `A hub already runs on ${stateDir} (process ${holder}): stop it first, or set HUB_STATE_DIR and the ports to run a second one.`,
    );
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o711 });
  recordProcess(stateDir, 'start', process.pid);
}

/** Stops what a killed start left running: our processes first, then the servers under them. */
export async function stopLeftovers(stateDir: string): Promise<string[]> {
  const stopped: string[] = [];
  for (const name of ['api', 'worker', 'sandbox', 'temporal'] as const)
    if (await stopOrphan(stateDir, name)) stopped.push(name);
  if (await stopOrphan(stateDir, 'postgres', 'SIGINT')) stopped.push('postgres');
  return stopped;
}

export function clearStateFolder(stateDir: string): void {
  for (const name of readdirSync(stateDir).filter((entry) => OURS.test(entry)))
    rmSync(join(stateDir, name), { recursive: true, force: true });
}
