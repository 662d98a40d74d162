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
  wireless: {
    config: { bankAccount: 'Bank of Sandbox, IBAN CY00 0000, memo: your reference' },
    payments: {
      currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 },
      otherCurrency: { numericCode: 392, alphabeticCode: 'JPY', minorUnit: 0 },
      flow: 'invoice',
      exact: '1234567.89',
      destination: { address: 'CY17002001280000001200527600' },
    },
  },
});
