import type { DepositOrder, PaymentAdapter, PayoutOrder } from '../../kit/payments.ts';
import type { ManualConfig } from './config.ts';

/**
 * Money that people move at a bank. There is no wire, so nothing can be lost: the operator's approval is the confirmation,
 * and the hub keeps the evidence (value date, bank reference, statement line).
 */
export const adapter: PaymentAdapter<ManualConfig> = {
  /** The client sees the requisites of the connection and writes our reference into the memo. */
  createDeposit: async (_ctx, order: DepositOrder) => ({
    providerId: order.reference,
    state: 'awaiting_payer',
    providerStatus: 'awaiting bank transfer',
    action: { kind: 'none' },
    arrivals: [],
    processed: null,
    currencyCode: order.currency.numericCode,
  }),

  /** Called after the approval that says "paid outside": so it is paid. What the bank took for it is not known here. */
  createPayout: async (_ctx, order: PayoutOrder) => ({
    providerId: order.reference,
    state: 'succeeded',
    providerStatus: 'paid outside',
    processed: order.amount,
    fee: null,
    currencyCode: order.currency.numericCode,
  }),

  // Nobody outside was told anything, so nobody knows the reference; saying it again is harmless (class `native`).
  findDeposit: async () => null,
  findPayout: async () => null,

  testConnection: async () => undefined,
};
