import { providers } from '../adapters/installed.ts';
import type { SandboxModule } from '../adapters/kit/sandbox.ts';
import type { DemoConnection } from '../db/seed/demo.ts';

/** Money that people move at a bank: nothing to sign in to. */
const BANK: DemoConnection = {
  provider: 'manual',
  name: 'bank',
  caption: 'Example Bank',
  config: { bankAccount: 'Example Bank, IBAN DE02 1203 0000 0000 2020 51. Put the reference into the memo.' },
};

/**
 * The demo brokerage's External connections: one, or what its sandbox suggests, for each provider, reached at `sandboxOrigin`. `running`: the modules behind it,
 * where they run here; only they know a port of their own that the system chose.
 */
export async function demoConnections(
  sandboxOrigin: string,
  running: readonly SandboxModule[] = [],
): Promise<DemoConnection[]> {
  const atSandboxes = providers.map(async ({ id, caption, sandbox }): Promise<DemoConnection[]> => {
    const module = running.find((one) => one.id === id) ?? (await sandbox?.());
    if (!module) return [];
    const only = { name: id, caption, config: module.defaultConfig(sandboxOrigin) };
    return (module.demoConnections?.(sandboxOrigin) ?? [only]).map((one) => ({ provider: id, ...one }));
  });
  return [BANK, ...(await Promise.all(atSandboxes)).flat()];
}
