import { describe, expect, it } from '@jest/globals';
import type { AdapterContext } from '../../adapters/kit/context.ts';
import provider from '../../adapters/payments/manual/manifest.ts';

const { createDeposit, createPayout } = provider.adapter as Required<typeof provider.adapter>;

const ctx: AdapterContext<{ bankAccount: string }> = {
  connectionId: 3,
  config: provider.config.parse({ bankAccount: 'Bank of Sandbox, IBAN CY00 0000, memo: your reference' }),
  http: () => Promise.reject(new Error('manual has no wire')),
  now: Date.now,
  scrub: (text) => text,
  callbackUrl: 'http://127.0.0.1/webhooks/3',
  session: new Map(),
};
const EUR = { numericCode: 978, alphabeticCode: 'EUR', minorUnit: 2 };

describe('a manual method', () => {
  it('lets a deposit wait for the bank transfer, without asking anybody', async () => {
    const order = {
      reference: 'KAAAAAAAAAAAA',
      flow: 'invoice',
      amount: '50.00',
      currency: EUR,
      label: 'Client 7',
    } as const;
    expect(await createDeposit(ctx, order)).toMatchObject({
      providerId: 'KAAAAAAAAAAAA',
      state: 'awaiting_payer',
      action: { kind: 'none' },
      processed: null,
      currencyCode: 978,
    });
  });

  it('reports an approved payout as paid in full, however often it is told', async () => {
    const order = {
      reference: 'KBBBBBBBBBBBB',
      amount: '20.00',
      currency: EUR,
      label: 'WD 9',
      destination: { address: 'CY00 0000' },
    };
    const first = await createPayout(ctx, order);
    expect(first).toMatchObject({ providerId: 'KBBBBBBBBBBBB', state: 'succeeded', processed: '20.00' });
    expect(await createPayout(ctx, order)).toEqual(first);
    expect(provider.idempotency).toBe('native');
  });

  it('needs requisites for the client to read', () => {
    expect(provider.config.safeParse({ bankAccount: ' ' }).success).toBe(false);
  });
});
