import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { livingProcess } from '../../cli/embedded/process-record.ts';
import { openRunFolder } from '../kit/run-folder.ts';
import { openOffice } from './cast.ts';
import { HubApi } from './hub-api.ts';
import { killHubProcesses } from './process.ts';
import type { World } from './run.ts';
import { Stack } from './stack.ts';
import { loadMethods } from './teller.ts';
import { Traces } from './traces.ts';

/** Brings everything up. `close(true)` keeps the folder with the logs and says where it is. Ctrl-C leaves nothing running. */
export const open = async (
  say: (line: string) => void,
): Promise<{ world: World; close: (keep: boolean) => Promise<void> }> => {
  const folder = await openRunFolder();
  process.once('exit', () => killEverything(folder));
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      say('Interrupted.');
      killEverything(folder);
      rmSync(folder, { recursive: true, force: true });
      process.exit(130);
    });
  const began = Date.now();
  say('Starting PostgreSQL behind a proxy, Temporal on a file, sandboxes, a worker and an API …');
  const stack = await Stack.start(folder, say);
  const api = new HubApi(stack.origin);
  const world: World = {
    stack,
    api,
    office: await openOffice(stack, api),
    methods: await loadMethods(stack),
    traces: new Traces(stack),
  };
  say(`Ready after ${((Date.now() - began) / 1_000).toFixed(1)} s.`);
  return {
    world,
    close: async (keep) => {
      await stack.stop();
      if (keep) {
        // Elsewhere, because the next run clears away what earlier ones left.
        const kept = mkdtempSync(join(tmpdir(), 'brokerhub-faults-'));
        cpSync(join(folder, 'logs'), kept, { recursive: true });
        say(`Logs are kept in ${kept}.`);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Also what was only just being started. */
const killEverything = (folder: string): void => {
  killHubProcesses();
  for (const [name, signal] of [
    ['temporal', 'SIGKILL'],
    ['postgres', 'SIGQUIT'],
  ] as const) {
    const pid = livingProcess(folder, name);
    if (pid !== undefined) process.kill(pid, signal);
  }
};
