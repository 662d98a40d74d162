import { defineMessagingProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default defineMessagingProvider({
  id: 'sendgrid',
  caption: 'SendGrid',
  capabilities: ['email', 'webhook'],
  // No key of ours is kept, and what was sent can be looked up only with a paid extra.
  idempotency: 'none',
  limits: { perSecond: 50, timeoutMs: 15_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'ecdsa p-256 of timestamp and body', answerWithinMs: 10_000 },
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
