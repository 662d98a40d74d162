import { definePaymentProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './client.ts';

export default definePaymentProvider({
  id: 'stripe',
  caption: 'Stripe',
  capabilities: [
    'deposit.redirect',
    'deposit.hosted_invoice',
    'payout',
    'refund',
    'dispute',
    'status.byProviderId',
    'status.byReference',
    'books',
    'webhook',
    'poll',
  ],
  // Idempotency-Key: ours is the reference. Kept for 24 hours; after that `find…` alone decides, and it reads lists that miss nothing.
  idempotency: 'native',
  // Live accounts have 100 requests a second, each endpoint 25; one look at a paid deposit takes three.
  limits: { perSecond: 20, timeoutMs: 15_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'Stripe-Signature: hmac-sha256 of time and body, any of several v1', answerWithinMs: 20_000 },
  sandbox: async () => (await import('./sandbox.ts')).stripeSandbox(),
});
