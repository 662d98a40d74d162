import { HubFailure } from '../../../domain/failures.ts';
import type { PaymentAdapter } from '../../kit/payments.ts';
import type { ConstructorConfig } from './config.ts';
import { checkForm } from './form.ts';

/** A form and people: the settings say what is asked and what the payer reads, an operator's approval says that money moved. */
export const adapter: PaymentAdapter<ConstructorConfig> = {
  createDeposit: async ({ config }, { reference, amount, currency, flow, fields }) => {
    if (flow !== 'invoice' || amount === null)
      throw new HubFailure('Unsupported', 'unsupported', 'A form is for one amount');
    checkForm(config.depositFields, fields ?? {}, 'fields');
    const places: Record<string, string> = { reference, amount, currency: currency.alphabeticCode };
    return {
      providerId: reference,
      state: 'awaiting_payer',
      providerStatus: 'awaiting transfer',
      action: {
        kind: 'instruction',
        text: config.instruction.replace(/\{(\w+)\}/g, (_all, name: string) => places[name]!),
      },
      arrivals: [],
      processed: null,
      currencyCode: currency.numericCode,
    };
  },

  /** Called after the approval that says "paid outside". */
  createPayout: async ({ config }, { reference, amount, currency, destination }) => {
    checkForm(config.payoutFields, destination.fields ?? {}, 'destination.fields');
    return {
      providerId: reference,
      state: 'succeeded',
      providerStatus: 'paid outside',
      processed: amount,
      fee: null,
      currencyCode: currency.numericCode,
    };
  },

  // Nobody outside was told anything, so nobody knows the reference; saying it again is harmless (class `native`).
  findDeposit: async () => null,
  findPayout: async () => null,

  testConnection: async () => undefined,
};
