import type { ProviderMovement, RefundOrder } from '../../../adapters/kit/payments.ts';
import { equal } from '../../../domain/money.ts';
import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { doubtCases } from '../doubt.ts';
import { findsCases } from './finds.ts';
import { lookCases } from '../looks.ts';
import { mustBeBooked, mustBeExactly } from './exactness.ts';
import {
  example,
  findsByReference,
  makesPayouts,
  makesRefunds,
  openPayout,
  paidDeposit,
  refundOrder,
  settledPayout,
  takesDeposits,
  verbs,
  type Bench,
} from './orders.ts';

const settledRefund = async (
  bench: Bench,
  ctx: Parameters<typeof openPayout>[1],
  order: RefundOrder,
  providerId: string,
) => {
  for (let looks = 1; ; looks++) {
    const report = await verbs(bench).findRefund(ctx, {
      reference: order.reference,
      providerId,
      deposit: order.deposit,
    });
    must(report, 'findRefund answers null for a refund that is there');
    if (looks === 6 || !['awaiting_approval', 'processing'].includes(report.state)) return report;
    await bench.control.advanceClock('2s');
  }
};

const own: Case<'payments'>[] = [
  {
    name: 'refund: gives back the exact amount, and the books agree',
    async run(bench) {
      makesRefunds(bench);
      void bench.control;
      const ctx = bench.ctx();
      const order = await refundOrder(bench, ctx, example(bench).exact);
      const report = await verbs(bench).createRefund(ctx, order);
      const found = await settledRefund(bench, ctx, order, report.providerId);
      must(found.state === 'succeeded', `a refund is ${brief(found)}`);
      mustBeExactly(found.processed, order.amount, 'processed');
      mustBeBooked(bench, 'refund', order.reference, order.amount);
    },
  },
  {
    name: 'refund: one the hub ordered does not show as a reversal of its deposit',
    async run(bench) {
      makesRefunds(bench);
      void bench.control;
      const ctx = bench.ctx();
      const order = await refundOrder(bench, ctx);
      const report = await verbs(bench).createRefund(ctx, order);
      await settledRefund(bench, ctx, order, report.providerId);
      const deposit = await verbs(bench).findDeposit(ctx, order.deposit);
      must(deposit?.state === 'succeeded', `the deposit is ${brief(deposit)}`);
      must((deposit.reversals ?? []).length === 0, `it is booked as a payout already, and shows in ${brief(deposit)}`);
    },
  },
  ...findsCases({
    verb: 'findRefund',
    what: 'the refund',
    applies: makesRefunds,
    async order(bench, ctx) {
      const order = await refundOrder(bench, ctx);
      const { providerId } = await verbs(bench).createRefund(ctx, order);
      return { ref: { reference: order.reference, deposit: order.deposit }, providerId };
    },
    find: (bench, ctx, ref) => verbs(bench).findRefund(ctx, ref),
  }),
  {
    name: 'refund: more than was paid is refused',
    async run(bench) {
      makesRefunds(bench);
      void bench.control;
      const ctx = bench.ctx();
      const order = await refundOrder(bench, ctx);
      await bench.fails(
        'createRefund',
        verbs(bench).createRefund(ctx, { ...order, amount: '26.00' }),
        'Rejected',
        'InvalidInput',
      );
    },
  },
  {
    name: 'createRefund: the same order twice gives back once',
    async run(bench) {
      makesRefunds(bench);
      void bench.control;
      if (bench.provider.idempotency !== 'native')
        doesNotApply(`class ${bench.provider.idempotency}: the hub looks before it repeats`);
      const ctx = bench.ctx();
      const order = await refundOrder(bench, ctx);
      const first = await verbs(bench).createRefund(ctx, order);
      const again = await verbs(bench)
        .createRefund(ctx, order)
        .catch((error: unknown) => {
          must(
            error instanceof Error && error.name === 'OutcomeUnknown',
            `the repeat must answer the same or be OutcomeUnknown, and was ${String(error)}`,
          );
          return first;
        });
      must(
        again.providerId === first.providerId,
        `the same order twice is ${first.providerId} and ${again.providerId}`,
      );
      await settledRefund(bench, ctx, order, first.providerId);
      mustBeBooked(bench, 'refund', order.reference, order.amount);
    },
  },
  {
    name: 'listMovements: shows every movement of the window with our reference and the exact amount',
    async run(bench) {
      if (!bench.can('books')) doesNotApply('shows no books');
      void bench.control;
      const ctx = bench.ctx();
      const from = bench.now() - 60_000;
      const expected: { kind: ProviderMovement['kind']; amount: string; reference: string }[] = [];
      if (bench.can('payout')) {
        makesPayouts(bench);
        const { order, report } = await openPayout(bench, ctx);
        await settledPayout(bench, ctx, order.reference, report.providerId);
        expected.push({ kind: 'payout', amount: order.amount, reference: order.reference });
      }
      if (bench.adapter.createDeposit) {
        takesDeposits(bench);
        const { order, amount } = await paidDeposit(bench, ctx);
        expected.push({ kind: 'deposit', amount, reference: order.reference });
      }
      const listed = await verbs(bench).listMovements(ctx, { from, to: bench.now() + 60_000 });
      for (const { kind, amount, reference } of expected) {
        const hits = listed.filter(
          (one) =>
            one.kind === kind &&
            (one.reference === undefined ? equal(one.amount, amount) : one.reference === reference),
        );
        must(
          hits.length === 1,
          `listMovements shows ${hits.length} ${kind}s of ${reference}, and must show 1: ${brief(listed)}`,
        );
        mustBeExactly(hits[0]!.amount, amount, `the listed ${kind}`);
      }
      const before = await verbs(bench).listMovements(ctx, { from: from - 120_000, to: from });
      must(before.length === 0, `an empty window shows ${brief(before)}`);
    },
  },
];

const doubt = doubtCases<'payments', RefundOrder>({
  verb: 'createRefund',
  applies: makesRefunds,
  order: (bench, ctx) => refundOrder(bench, ctx),
  send: (bench, ctx, order) => verbs(bench).createRefund(ctx, order),
  find: (bench, ctx, order) => {
    if (verbs(bench).findRefund && findsByReference(bench))
      return verbs(bench).findRefund(ctx, { reference: order.reference, deposit: order.deposit });
    if (bench.provider.idempotency === 'native') return verbs(bench).createRefund(ctx, order);
    return doesNotApply('nothing to look with: an operator decides');
  },
  effects: (bench, order) => bench.books('refund', order.reference).length,
});

const looks = lookCases<'payments'>({
  verb: 'findRefund',
  applies: makesRefunds,
  async prepare(bench, ctx) {
    const order = await refundOrder(bench, ctx);
    const { providerId } = await verbs(bench).createRefund(ctx, order);
    return (with_) =>
      verbs(bench).findRefund(with_, { reference: order.reference, providerId, deposit: order.deposit });
  },
});

export const refundCases = [...own, ...doubt, ...looks];
