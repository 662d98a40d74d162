import { defineMessagingProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default defineMessagingProvider({
  id: 'smtp',
  caption: 'SMTP mail server',
  capabilities: ['email'],
  // Nobody can be asked; receivers may drop a second mail with our Message-ID, and need not.
  idempotency: 'none',
  // Servers that look through a mail answer its last dot late: who hangs up before sends it twice.
  limits: { perSecond: 5, timeoutMs: 60_000 },
  config: configSchema,
  adapter,
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
