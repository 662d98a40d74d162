import { definePaymentProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default definePaymentProvider({
  id: 'praxis',
  caption: 'Praxis Cashier',
  capabilities: [
    'deposit.redirect',
    'payout',
    'payout.two_step',
    'payout.approval_at_psp',
    'dispute',
    'status.byReference',
    'webhook',
    'poll',
  ],
  // They keep no key, but one order_id is one session and one withdrawal request: found again by it.
  idempotency: 'lookup',
  limits: { perSecond: 5, timeoutMs: 12_000 },
  config: configSchema,
  adapter,
  webhook: { scheme: 'sha384 over eleven values and the secret, Gt-Authentication', answerWithinMs: 10_000 },
  sandbox: async () => (await import('./sandbox.ts')).praxisSandbox(),
});
