import { definePaymentProvider } from '../../kit/manifest.ts';
import { configSchema } from '../any/config.ts';
import { adapter } from './adapter.ts';

export default definePaymentProvider({
  id: 'acme',
  caption: 'Acme',
  // Take away what they cannot do, together with its methods in adapter.ts. Every word: adapters/kit/capabilities.ts.
  capabilities: ['deposit.redirect', 'payout', 'refund', 'status.byReference', 'status.byProviderId', 'webhook'],
  // `native`: they keep our reference as a key, the same order twice is one. `lookup`: no key, but we find it. `none`: neither. In doubt the lower one.
  idempotency: 'lookup',
  // Of one account at theirs; the longest exchange.
  limits: { perSecond: 5, timeoutMs: 15_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'x-acme-signature: hmac-sha256 of the body', answerWithinMs: 10_000 },
  sandbox: async () => (await import('./sandbox.ts')).acmeSandbox(),
});
