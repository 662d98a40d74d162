import { definePaymentProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default definePaymentProvider({
  id: 'b2binpay',
  caption: 'B2BINPAY',
  capabilities: [
    'deposit.hosted_invoice',
    'deposit.address',
    'payout',
    'payout.two_step',
    'payout.approval_at_psp',
    'status.byProviderId',
    'status.byReference',
    'webhook',
    'poll',
  ],
  // POST /payout/ keeps our Idempotency-Key. Deposits have no key, but creating one moves nothing and it can be looked up.
  idempotency: 'native',
  limits: { perSecond: 20, timeoutMs: 12_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'hmac-sha256 of status, amount, tracking id and time in the body', answerWithinMs: 10_000 },
  sandbox: async () => (await import('./sandbox.ts')).b2binpaySandbox(),
});
