import { defineMessagingProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default defineMessagingProvider({
  id: 'twilio',
  caption: 'Twilio SMS',
  capabilities: ['sms', 'find', 'webhook'],
  // No key of ours is kept; a message is found again by recipient, text and time.
  idempotency: 'lookup',
  limits: { perSecond: 10, timeoutMs: 15_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'hmac-sha1 of address and form fields', answerWithinMs: 15_000 },
  sandbox: async () => (await import('./sandbox.ts')).createSandbox(),
});
