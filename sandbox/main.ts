/** `npm run sandbox`: every provider's sandbox on one port. */
import { providers } from '../adapters/installed.ts';
import { needed, orExit } from '../config/or-exit.ts';
import { settingsOrExit } from '../config/settings.ts';
import { startSandboxServer } from './server.ts';

const settings = settingsOrExit();
const modules = await Promise.all(providers.flatMap((provider) => (provider.sandbox ? [provider.sandbox()] : [])));
const { sandboxPort: port, host } = settings;
// The mail server is next to them.
const server = await orExit(() =>
  needed('SANDBOX_PORT', `the sandboxes need ${port} and ${port + 1}`, () =>
    startSandboxServer({ port, host, modules }),
  ),
);
process.stdout.write(`Sandboxes at ${server.origin}: ${modules.map(({ id }) => id).join(', ')}\n`);

// The sandboxes forget everything when they end, the hub does not.
for (const one of modules) one.numberFrom?.(Math.floor(Date.now() / 1000) - 1_760_000_000);

const stop = () => void server.close().then(() => process.exit(0));
process.once('SIGINT', stop).once('SIGTERM', stop);
