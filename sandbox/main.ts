/** `npm run sandbox`: every provider's sandbox on one port. */
import { providers } from '../adapters/installed.ts';
import { assertPortFree } from '../cli/embedded/ports.ts';
import { orExit } from '../config/or-exit.ts';
import { settingsOrExit } from '../config/settings.ts';
import { startSandboxServer } from './server.ts';

const settings = settingsOrExit();
const modules = await Promise.all(providers.flatMap((provider) => (provider.sandbox ? [provider.sandbox()] : [])));
await orExit(async () => {
  // The mail server is next to them.
  for (const port of [settings.sandboxPort, settings.sandboxPort + 1])
    await assertPortFree('SANDBOX_PORT', port, settings.host);
});
const server = await startSandboxServer({ port: settings.sandboxPort, host: settings.host, modules });
process.stdout.write(`Sandboxes at ${server.origin}: ${modules.map(({ id }) => id).join(', ')}\n`);

// The sandboxes forget everything when they end, the hub does not.
for (const one of modules) one.numberFrom?.(Math.floor(Date.now() / 1000) - 1_760_000_000);

const stop = () => void server.close().then(() => process.exit(0));
process.once('SIGINT', stop).once('SIGTERM', stop);
