import { compare, equal } from '../../../domain/money.ts';
import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { doubtCases } from '../doubt.ts';
import { findsCases } from './finds.ts';
import { lookCases } from '../looks.ts';
import { booked, inOtherCurrency, mustBeBooked, mustBeExactly, swappedDigits, treacherous } from './exactness.ts';
import {
  example,
  findsByReference,
  magic,
  makesPayouts,
  openPayout,
  payoutOrder,
  settledPayout,
  verbs,
} from './orders.ts';

const PENDING = ['awaiting_approval', 'processing'];

const own: Case<'payments'>[] = [
  {
    name: 'payout: paid out, it succeeds with the exact amount and the books agree',
    async run(bench) {
      makesPayouts(bench);
      const { currency } = example(bench);
      const ctx = bench.ctx();
      for (const exact of treacherous(example(bench))) {
        const { order, report } = await openPayout(bench, ctx, exact);
        must(
          typeof report.providerId === 'string' && report.providerId !== '',
          `providerId is ${brief(report.providerId)}`,
        );
        if (!bench.hasSandbox) {
          mustBeExactly(report.processed, exact, 'processed');
          continue;
        }
        const found = await settledPayout(bench, ctx, order.reference, report.providerId);
        must(found.state === 'succeeded', `a payout of ${exact} is '${found.state}': ${brief(found)}`);
        mustBeExactly(found.processed, exact, 'processed');
        must(
          found.currencyCode === currency.numericCode,
          `currencyCode is ${found.currencyCode}, and must be ${currency.numericCode}`,
        );
        must(
          found.providerId === report.providerId,
          `createPayout answered ${report.providerId}, and findPayout ${found.providerId}`,
        );
        mustBeBooked(bench, 'payout', order.reference, exact);
      }
    },
  },
  {
    name: 'payout: in another currency it is paid and told in that one',
    async run(bench) {
      makesPayouts(bench);
      const { currency, amount } = inOtherCurrency(bench);
      const ctx = bench.ctx();
      const { order, report } = await openPayout(bench, ctx, amount, currency);
      const found = bench.hasSandbox ? await settledPayout(bench, ctx, order.reference, report.providerId) : report;
      must(found.state === 'succeeded', `a payout of ${amount} is '${found.state}': ${brief(found)}`);
      mustBeExactly(found.processed, amount, 'processed');
      must(
        found.currencyCode === currency.numericCode,
        `currencyCode is ${found.currencyCode}, and must be ${currency.numericCode}`,
      );
      if (bench.hasSandbox) mustBeBooked(bench, 'payout', order.reference, amount, currency);
    },
  },
  ...findsCases({
    verb: 'findPayout',
    what: 'the payout',
    applies: makesPayouts,
    async order(bench, ctx) {
      const { order, report } = await openPayout(bench, ctx);
      return { ref: { reference: order.reference }, providerId: report.providerId };
    },
    find: (bench, ctx, ref) => verbs(bench).findPayout(ctx, ref),
  }),
  {
    name: 'payout: a word nobody documented leaves it pending with unknownWord',
    async run(bench) {
      makesPayouts(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await openPayout(bench, ctx, magic('01'));
      await verbs(bench).findPayout(ctx, { reference: order.reference, providerId: report.providerId });
      await bench.advance(report.providerId, 'unknown_word');
      const found = await verbs(bench).findPayout(ctx, { reference: order.reference, providerId: report.providerId });
      must(
        found && PENDING.includes(found.state) && found.unknownWord === true,
        `it must be pending with unknownWord, and is ${brief(found)}`,
      );
    },
  },
  {
    name: 'createPayout: an answer about another amount is not accepted as ours',
    async run(bench) {
      makesPayouts(bench);
      const { exact } = example(bench);
      const { from, to } = swappedDigits(bench, example(bench).exact);
      const ctx = await bench.signedIn();
      const fault = bench.fault('createPayout', 'swap', { from, to });
      const order = payoutOrder(bench, exact);
      const work = verbs(bench).createPayout(ctx, order);
      const answer = await work.catch(() => null);
      if (fault.hit === 0) doesNotApply('the answer tells no amount');
      // Told as what was processed it is not taken for ours either: the workflow compares.
      if (answer?.processed != null && !equal(answer.processed, exact)) return;
      await bench.fails('createPayout', work, 'OutcomeUnknown');
    },
  },
  ...(['other_amount', 'other_currency'] as const).map((word): Case<'payments'> => ({
    name: `findPayout: ${word === 'other_amount' ? 'another amount' : 'another currency'} than asked for is told or refused, never passed off as ours`,
    async run(bench) {
      makesPayouts(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await openPayout(bench, ctx);
      await settledPayout(bench, ctx, order.reference, report.providerId);
      await bench.advance(report.providerId, word);
      const found = await verbs(bench)
        .findPayout(ctx, { reference: order.reference, providerId: report.providerId })
        .catch((error: unknown) => {
          must(
            error instanceof Error && error.name === 'OutcomeUnknown',
            `it must be told or OutcomeUnknown, and was ${String(error)}`,
          );
          return 'refused' as const;
        });
      if (found === 'refused') return;
      must(found, `findPayout answers null for a payout that is there`);
      const passes =
        found.state === 'succeeded' &&
        found.currencyCode === order.currency.numericCode &&
        found.processed !== null &&
        equal(found.processed, order.amount);
      must(!passes, `the provider told ${word.replace('_', ' ')}, and the report says ${brief(found)}`);
    },
  })),
  {
    name: 'createPayout: the same order twice pays once',
    async run(bench) {
      makesPayouts(bench);
      void bench.control;
      if (bench.provider.idempotency !== 'native')
        doesNotApply(`class ${bench.provider.idempotency}: the hub looks before it repeats`);
      const ctx = bench.ctx();
      const { order, report } = await openPayout(bench, ctx);
      const again = await verbs(bench)
        .createPayout(ctx, order)
        .catch((error: unknown) => {
          must(
            error instanceof Error && error.name === 'OutcomeUnknown',
            `the repeat must answer the same or be OutcomeUnknown, and was ${String(error)}`,
          );
          return report;
        });
      must(
        again.providerId === report.providerId,
        `the same order twice is ${report.providerId} and ${again.providerId}`,
      );
      await settledPayout(bench, ctx, order.reference, report.providerId);
      mustBeBooked(bench, 'payout', order.reference, order.amount);
    },
  },
  {
    name: 'createPayout: another amount under a used reference never pays twice',
    async run(bench) {
      makesPayouts(bench);
      void bench.control;
      if (bench.provider.idempotency !== 'native')
        doesNotApply(`class ${bench.provider.idempotency}: the hub looks before it repeats`);
      const ctx = bench.ctx();
      const { order, report } = await openPayout(bench, ctx);
      await bench.failure('createPayout', verbs(bench).createPayout(ctx, { ...order, amount: '26.00' }));
      await settledPayout(bench, ctx, order.reference, report.providerId);
      const entries = bench.books('payout', order.reference);
      must(
        compare(booked(entries), order.amount) <= 0,
        `the provider paid ${brief(entries)} for one order of ${order.amount}`,
      );
    },
  },
  {
    name: 'payout: one that waits for approval at the provider is told so, and succeeds when approved',
    async run(bench) {
      makesPayouts(bench);
      void bench.control;
      if (!bench.can('payout.approval_at_psp')) doesNotApply('approves nothing by itself');
      const ctx = bench.ctx();
      const { order, report } = await openPayout(bench, ctx, magic('10'));
      const ref = { reference: order.reference, providerId: report.providerId };
      const waiting = await verbs(bench).findPayout(ctx, ref);
      must(
        waiting?.state === 'awaiting_approval',
        `a payout with .10 is ${brief(waiting)}, and must be awaiting_approval`,
      );
      must(bench.books('payout', order.reference).length === 0, 'the provider paid before it was approved');
      await bench.advance(report.providerId, 'approve');
      const found = await settledPayout(bench, ctx, ref.reference, ref.providerId);
      must(found.state === 'succeeded', `an approved payout is ${brief(found)}`);
    },
  },
  {
    name: 'payout: money that came back after it succeeded is returned',
    async run(bench) {
      makesPayouts(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await openPayout(bench, ctx);
      const before = await settledPayout(bench, ctx, order.reference, report.providerId);
      must(before.state === 'succeeded', `a payout is ${brief(before)}`);
      await bench.advance(report.providerId, 'return');
      const found = await verbs(bench).findPayout(ctx, { reference: order.reference, providerId: report.providerId });
      must(found?.state === 'returned', `it must be returned, and is ${brief(found)}`);
      mustBeExactly(found.processed, order.amount, 'processed, what came back,');
    },
  },
  {
    name: 'payout: another session gives the same results',
    async run(bench) {
      makesPayouts(bench);
      const { order, report } = await openPayout(bench, bench.ctx());
      const ref = { reference: order.reference, providerId: report.providerId };
      if (bench.hasSandbox) await settledPayout(bench, bench.ctx(), order.reference, report.providerId);
      const ctx = bench.ctx();
      const first = await verbs(bench).findPayout(ctx, ref);
      const other = await verbs(bench).findPayout(bench.ctx(), ref);
      must(
        brief(first) === brief(other),
        `two sessions see ${brief(first)} and ${brief(other)}: nothing may be kept between calls but ctx.session`,
      );
    },
  },
];

const doubt = doubtCases<'payments', ReturnType<typeof payoutOrder>>({
  verb: 'createPayout',
  applies: makesPayouts,
  order: async (bench) => payoutOrder(bench),
  send: (bench, ctx, order) => verbs(bench).createPayout(ctx, order),
  find: (bench, ctx, order) => {
    if (findsByReference(bench)) return verbs(bench).findPayout(ctx, { reference: order.reference });
    if (bench.provider.idempotency === 'native') return verbs(bench).createPayout(ctx, order);
    return doesNotApply('nothing to look with: an operator decides');
  },
  effects: (bench, order) => bench.books('payout', order.reference).length,
});

const looks = lookCases<'payments'>({
  verb: 'findPayout',
  applies: makesPayouts,
  async prepare(bench, ctx) {
    const { order, report } = await openPayout(bench, ctx);
    return (with_) => verbs(bench).findPayout(with_, { reference: order.reference, providerId: report.providerId });
  },
});

export const payoutCases = [...own, ...doubt, ...looks];
