import { definePaymentProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default definePaymentProvider({
  id: 'manual',
  caption: 'Manual (bank transfer)',
  capabilities: ['deposit.instruction', 'payout', 'status.byReference'],
  idempotency: 'native',
  confirmedBy: 'person',
  limits: { perSecond: 100, timeoutMs: 1000 },
  config: configSchema,
  adapter,
});
