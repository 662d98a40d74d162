import { defineMessagingProvider } from '../../kit/manifest.ts';
import { configSchema } from '../any/config.ts';
import { adapter } from './adapter.ts';

export default defineMessagingProvider({
  id: 'acme',
  caption: 'Acme',
  // Its channels (`email`, `sms`, `chat`), and what else it can. Every word: adapters/kit/capabilities.ts.
  capabilities: ['sms', 'find', 'webhook'],
  // `native`: they keep our reference as a key, the same message twice is one. `lookup`: no key, but we find it. `none`: neither. In doubt the lower one.
  idempotency: 'native',
  limits: { perSecond: 5, timeoutMs: 15_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'x-acme-signature: hmac-sha256 of the body', answerWithinMs: 10_000 },
  sandbox: async () => (await import('./sandbox.ts')).acmeSandbox(),
});
