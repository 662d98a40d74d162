import { Router } from 'express';
import type { ConformanceFacts } from '../../kit/conformance.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';
import { Account, ACCOUNTS, KEY, SECRETS } from './sandbox/account.ts';
import { books } from './sandbox/books.ts';
import { checkoutPage } from './sandbox/checkout-page.ts';
import { advance, listed, shown, thingOf } from './sandbox/control.ts';
import { pay } from './sandbox/payments.ts';
import { wire } from './sandbox/wire.ts';

/** A Stripe account of one's own: what it does beyond the vendor's paths is in README.md. */
export const stripeSandbox = (): SandboxModule => {
  const account = new Account();
  return {
    id: 'stripe',
    root: '/v1',
    defaultConfig,
    mount: (lent) => {
      account.mount(lent);
      const router = Router().use('/v1', wire(account));
      const page = checkoutPage(account);
      router.route('/c/pay/:id').get(page).post(page);
      return router;
    },
    reset: () => account.reset(),
    numberFrom: (since) => account.numberFrom(since),
    pay: (id, how) => {
      pay(account, thingOf(account, id), how);
      return shown(thingOf(account, id));
    },
    advance: (id, to) => advance(account, id, to),
    books: () => books(account),
    things: () => listed(account),
    conformance,
  };
};

const defaultConfig = (origin: string) => ({
  secretKey: KEY,
  webhookSecret: SECRETS[0],
  oldWebhookSecret: SECRETS[1],
  returnUrl: 'https://broker.example/paid',
  payoutTo: ['connected_account', 'own_bank', 'card_refund'],
  baseUrl: `${origin}/stripe`,
});

const conformance: ConformanceFacts = {
  calls: {
    createDeposit: { method: 'POST', path: '/v1/checkout/sessions' },
    findDeposit: { method: 'GET', path: '/v1/checkout/sessions' },
    createPayout: { method: 'POST', path: '/v1/transfers' },
    findPayout: { method: 'GET', path: '/v1/transfers' },
    createRefund: { method: 'POST', path: '/v1/refunds' },
    findRefund: { method: 'GET', path: '/v1/refunds' },
    testConnection: { method: 'GET', path: '/v1/balance' },
  },
  wrongCredentials: { secretKey: 'sk_test_wrong' },
  callbacks: { signed: true, goodForMs: 300_000 },
  payments: {
    currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
    otherCurrency: { numericCode: 392, alphabeticCode: 'JPY', minorUnit: 0 },
    flow: 'invoice',
    exact: '987654.32',
    destination: { address: ACCOUNTS[0]! },
  },
};
