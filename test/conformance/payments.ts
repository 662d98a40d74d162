import { hasPersonalData } from './privacy.ts';
import { callbackCases } from './callbacks.ts';
import type { Case } from './case.ts';
import { connectionCases, keepsItsWord } from './connection.ts';
import { depositCases } from './payments/deposits.ts';
import { magicCases, reversalCases } from './payments/magic.ts';
import { newsCases } from './payments/news.ts';
import {
  example,
  magic,
  makesPayouts,
  openDeposit,
  openPayout,
  paidDeposit,
  PAYER,
  payoutOrder,
  settledPayout,
  takesDeposits,
  verbs,
  depositOrder,
} from './payments/orders.ts';
import { payoutCases } from './payments/payouts.ts';
import { refundCases } from './payments/refunds.ts';

const DEPOSITS = [
  'deposit.redirect',
  'deposit.form_post',
  'deposit.address',
  'deposit.hosted_invoice',
  'deposit.instruction',
  'deposit.custom_fields',
];

export const paymentCases: Case<'payments'>[] = [
  ...connectionCases<'payments'>(),
  keepsItsWord<'payments'>([
    [DEPOSITS, ['createDeposit', 'findDeposit']],
    [['payout'], ['createPayout', 'findPayout']],
    [['refund'], ['createRefund', 'findRefund']],
    [['books'], ['listMovements']],
  ]),
  ...depositCases,
  ...payoutCases,
  ...refundCases,
  ...callbackCases<'payments'>({
    what: 'a deposit',
    kind: 'deposit',
    applies: takesDeposits,
    async happen(bench, ctx) {
      const { order, report } = await paidDeposit(bench, ctx, magic('01'));
      return { reference: order.reference, providerId: report.providerId };
    },
  }),
  ...callbackCases<'payments'>({
    what: 'a payout',
    kind: 'payout',
    applies: makesPayouts,
    async happen(bench, ctx) {
      const { order, report } = await openPayout(bench, ctx, magic('01'));
      await settledPayout(bench, ctx, order.reference, report.providerId);
      return { reference: order.reference, providerId: report.providerId };
    },
    mayBeSilent: true,
  }),
  ...newsCases,
  ...magicCases,
  ...reversalCases,
  hasPersonalData<'payments'>({
    async canaries(bench) {
      const { firstName, lastName, email, phone, birthday } = PAYER;
      const { destination } = example(bench);
      return [
        firstName!,
        lastName!,
        email!,
        phone!.slice(1),
        birthday!,
        ...(destination ? [destination.address, ...Object.values(destination.fields ?? {})] : []),
      ];
    },
    async calls(bench) {
      const { adapter } = bench;
      return [
        ...(adapter.createDeposit
          ? [
              { verb: 'createDeposit' as const, run: (ctx: never) => verbs(bench).createDeposit(ctx, depositOrder(bench)) },
              { verb: 'findDeposit' as const, run: async (ctx: never) => {
                const { order, report } = await openDeposit(bench, bench.ctx());
                return verbs(bench).findDeposit(ctx, { reference: order.reference, providerId: report.providerId });
              } },
            ]
          : []),
        ...(adapter.createPayout
          ? [
              { verb: 'createPayout' as const, run: (ctx: never) => verbs(bench).createPayout(ctx, payoutOrder(bench)) },
              { verb: 'createPayout' as const, run: (ctx: never) => verbs(bench).createPayout(ctx, payoutOrder(bench, '25.03')) },
              { verb: 'findPayout' as const, run: async (ctx: never) => {
                const { order, report } = await openPayout(bench, bench.ctx());
                return verbs(bench).findPayout(ctx, { reference: order.reference, providerId: report.providerId });
              } },
            ]
          : []),
      ]; // prettier-ignore
    },
  }),
];
