import { definePaymentProvider } from '../../kit/manifest.ts';
import { adapter } from './adapter.ts';
import { configSchema } from './config.ts';

export default definePaymentProvider({
  id: 'constructor',
  caption: 'Constructor (form with own fields)',
  capabilities: ['deposit.instruction', 'deposit.custom_fields', 'payout', 'status.byReference'],
  idempotency: 'native',
  confirmedBy: 'person',
  limits: { perSecond: 100, timeoutMs: 1000 },
  config: configSchema,
  adapter,
  wireless: {
    config: {
      instruction:
        'Transfer {amount} {currency} to Bank of Sandbox, IBAN CY17 0020 0128 0000 0012 0052 7600. Memo: {reference}',
      depositFields: [{ name: 'senderBank', label: 'Your bank', required: false }],
      payoutFields: [
        { name: 'iban', label: 'IBAN', kind: 'iban' },
        { name: 'bic', label: 'BIC', kind: 'bic', required: false },
        { name: 'holder', label: 'Name of the account', maxLength: 70 },
      ],
    },
    payments: {
      currency: { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 },
      otherCurrency: { numericCode: 392, alphabeticCode: 'JPY', minorUnit: 0 },
      flow: 'invoice',
      exact: '1234567.89',
      destination: {
        address: 'bank account',
        fields: { iban: 'DE02 1203 0000 0000 2020 51', holder: 'Zeldaquin Quixwoodsen' },
      },
    },
  },
});
