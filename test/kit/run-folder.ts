import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { livingProcess, recordProcess, stopOrphan } from '../../cli/embedded/process-record.ts';

const PREFIX = 'brokerhub-test-';

/** A folder for the servers of this test run. What interrupted runs left behind, servers included, is cleared away first. */
export async function openRunFolder(): Promise<string> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    await sweep(join(tmpdir(), name));
  }
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  chmodSync(folder, 0o711); // PostgreSQL runs under another account when we are root
  recordProcess(folder, 'test-run', process.pid);
  return folder;
}

async function sweep(folder: string): Promise<void> {
  if (livingProcess(folder, 'test-run') !== undefined) return;
  await stopOrphan(folder, 'temporal');
  await stopOrphan(folder, 'postgres', 'SIGQUIT');
  rmSync(folder, { recursive: true, force: true });
}
