import { equal, sum } from '../../../domain/money.ts';
import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { doubtCases } from '../doubt.ts';
import { findsCases } from './finds.ts';
import { lookCases } from '../looks.ts';
import { inOtherCurrency, mustBeBooked, mustBeExactly, swappedDigits, treacherous } from './exactness.ts';
import {
  depositOrder,
  example,
  findsByReference,
  openDeposit,
  paidDeposit,
  pay,
  settledDeposit,
  takesDeposits,
  verbs,
} from './orders.ts';

const OPEN = ['awaiting_payer', 'seen', 'processing'];

const own: Case<'payments'>[] = [
  {
    name: 'createDeposit: opens a deposit that waits for its payer',
    async run(bench) {
      takesDeposits(bench);
      const ctx = bench.ctx();
      const { order, report } = await openDeposit(bench, ctx);
      must(
        typeof report.providerId === 'string' && report.providerId !== '',
        `providerId is ${brief(report.providerId)}`,
      );
      must(OPEN.includes(report.state) && !report.unknownWord, `a new deposit is '${report.state}': ${brief(report)}`);
      must(
        report.processed === null && report.arrivals.length === 0,
        `nobody paid, and the report says ${brief(report)}`,
      );
      must(
        report.currencyCode === order.currency.numericCode,
        `currencyCode is ${report.currencyCode}, and must be ${order.currency.numericCode}`,
      );
      must(report.providerStatus !== '', 'providerStatus is empty: it shows their word to an operator');
      const { action } = report;
      if (action.kind === 'redirect' || action.kind === 'form')
        must(URL.canParse(action.url), `action.url is no URL: ${action.url}`);
      if (action.kind === 'address') must(action.address !== '', 'action.address is empty');
      if (order.flow === 'address')
        must(action.kind === 'address', `an address deposit answers action '${action.kind}'`);
    },
  },
  {
    name: 'createDeposit: the page its payer is sent to is there, for whoever has its address',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const { report } = await openDeposit(bench, bench.ctx());
      const { action } = report;
      if (action.kind !== 'redirect') return doesNotApply('it sends nobody anywhere by a redirect');
      const { status } = await fetch(action.url);
      must(status === 200, `a browser at action.url was answered ${status}`);
    },
  },
  {
    name: 'deposit: paid, it succeeds with the exact amount and the books agree',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const { currency } = example(bench);
      for (const exact of treacherous(example(bench))) {
        const { order, found } = await paidDeposit(bench, bench.ctx(), exact);
        must(found.state === 'succeeded', `a paid deposit is '${found.state}': ${brief(found)}`);
        mustBeExactly(found.processed, exact, 'processed');
        must(
          found.currencyCode === currency.numericCode,
          `currencyCode is ${found.currencyCode}, and must be ${currency.numericCode}`,
        );
        must(found.arrivals.length === 1, `one payment came, and arrivals are ${brief(found.arrivals)}`);
        const [arrival] = found.arrivals;
        must(arrival!.state === 'succeeded' && arrival!.id !== '', `the payment is ${brief(arrival)}`);
        mustBeExactly(arrival!.amount, exact, 'arrivals[0].amount');
        mustBeBooked(bench, 'deposit', order.reference, exact);
      }
    },
  },
  {
    name: 'deposit: in another currency it is paid and told in that one',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const { currency, amount } = inOtherCurrency(bench);
      const { order, found } = await paidDeposit(bench, bench.ctx(), amount, currency);
      must(found.state === 'succeeded', `a paid deposit is '${found.state}': ${brief(found)}`);
      mustBeExactly(found.processed, amount, 'processed');
      must(
        found.currencyCode === currency.numericCode,
        `currencyCode is ${found.currencyCode}, and must be ${currency.numericCode}`,
      );
      mustBeBooked(bench, 'deposit', order.reference, amount, currency);
    },
  },
  ...(['paid', 'dispute', 'refund'] as const).map((word): Case<'payments'> => ({
    name: `deposit: what the provider keeps of it for itself is told${word === 'paid' ? '' : `, also after a ${word}`}`,
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await paidDeposit(bench, ctx);
      if (word !== 'paid') await bench.advance(report.providerId, word);
      const [entry] = bench.books('deposit', order.reference);
      const kept = entry?.fee ?? doesNotApply('its books tell no fee');
      const found = await verbs(bench).findDeposit(ctx, { reference: order.reference, providerId: report.providerId });
      const told = [...(found?.arrivals ?? []), ...(found?.reversals ?? [])].map(({ fee = '0' }) => fee);
      must(equal(sum(told), kept), `the provider kept ${kept}, and the report says ${brief(found)}`);
    },
  })),
  ...findsCases({
    verb: 'findDeposit',
    what: 'the deposit',
    applies: takesDeposits,
    async order(bench, ctx) {
      const { order, report } = await openDeposit(bench, ctx);
      return { ref: { reference: order.reference }, providerId: report.providerId };
    },
    find: (bench, ctx, ref) => verbs(bench).findDeposit(ctx, ref),
  }),
  {
    name: 'deposit: a word nobody documented leaves it pending with unknownWord',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await openDeposit(bench, ctx);
      await bench.advance(report.providerId, 'unknown_word');
      const found = await verbs(bench).findDeposit(ctx, { reference: order.reference, providerId: report.providerId });
      must(
        found && OPEN.includes(found.state) && found.unknownWord === true,
        `it must be pending with unknownWord, and is ${brief(found)}`,
      );
    },
  },
  {
    name: 'createDeposit: an answer about another amount is not accepted as ours',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const { exact, flow } = example(bench);
      if (flow === 'address') doesNotApply('addresses have no amount');
      const { from, to } = swappedDigits(bench, example(bench).exact);
      const ctx = await bench.signedIn();
      const fault = bench.fault('createDeposit', 'swap', { from, to });
      const work = verbs(bench).createDeposit(ctx, depositOrder(bench, exact));
      await work.catch(() => null);
      if (fault.hit === 0) doesNotApply('the answer tells no amount');
      await bench.fails('createDeposit', work, 'OutcomeUnknown');
    },
  },
  ...(['other_amount', 'other_currency'] as const).map((word): Case<'payments'> => ({
    name: `findDeposit: ${word === 'other_amount' ? 'another amount' : 'another currency'} than asked for is told or refused, never passed off as ours`,
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, amount, report } = await paidDeposit(bench, ctx);
      await bench.advance(report.providerId, word);
      const found = await verbs(bench)
        .findDeposit(ctx, { reference: order.reference, providerId: report.providerId })
        .catch((error: unknown) => {
          must(
            error instanceof Error && error.name === 'OutcomeUnknown',
            `it must be told or OutcomeUnknown, and was ${String(error)}`,
          );
          return 'refused' as const;
        });
      if (found === 'refused') return;
      must(found, `findDeposit answers null for a deposit that is there`);
      const passes =
        found.state === 'succeeded' &&
        found.currencyCode === order.currency.numericCode &&
        found.processed !== null &&
        equal(found.processed, amount);
      must(!passes, `the provider told ${word.replace('_', ' ')}, and the report says ${brief(found)}`);
    },
  })),
  {
    name: 'createDeposit: the same order twice is one deposit',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      if (bench.provider.idempotency !== 'native')
        doesNotApply(`class ${bench.provider.idempotency}: the hub looks before it repeats`);
      const ctx = bench.ctx();
      const order = depositOrder(bench);
      const first = await verbs(bench).createDeposit(ctx, order);
      const again = await verbs(bench)
        .createDeposit(ctx, order)
        .catch((error: unknown) => {
          must(
            error instanceof Error && error.name === 'OutcomeUnknown',
            `the repeat must answer the same or be OutcomeUnknown, and was ${String(error)}`,
          );
          return null;
        });
      const deposit = { order, amount: order.amount ?? '25.00', report: first };
      await pay(bench, deposit);
      if (again && again.providerId !== first.providerId)
        doesNotApply('a second unpaid order of the same reference: nothing moves until one is paid');
      await settledDeposit(bench, ctx, order.reference, first.providerId);
      mustBeBooked(bench, 'deposit', order.reference, deposit.amount);
    },
  },
  {
    name: 'deposit: another session gives the same results',
    async run(bench) {
      takesDeposits(bench);
      const { order, report } = await openDeposit(bench, bench.ctx());
      const ref = { reference: order.reference, providerId: report.providerId };
      const ctx = bench.ctx();
      const first = await verbs(bench).findDeposit(ctx, ref);
      const other = await verbs(bench).findDeposit(bench.ctx(), ref);
      must(
        brief(first) === brief(other),
        `two sessions see ${brief(first)} and ${brief(other)}: nothing may be kept between calls but ctx.session`,
      );
    },
  },
];

const doubt = doubtCases<'payments', ReturnType<typeof depositOrder>>({
  verb: 'createDeposit',
  applies: takesDeposits,
  order: async (bench) => depositOrder(bench),
  send: (bench, ctx, order) => verbs(bench).createDeposit(ctx, order),
  find: (bench, ctx, order) =>
    findsByReference(bench) || bench.provider.idempotency !== 'native'
      ? verbs(bench).findDeposit(ctx, { reference: order.reference })
      : verbs(bench).createDeposit(ctx, order),
  // Opening one moves nothing: where the provider keeps our key, another attempt is the same deposit.
  harmless: ({ provider }) => provider.idempotency === 'native',
});

const looks = lookCases<'payments'>({
  verb: 'findDeposit',
  applies: takesDeposits,
  async prepare(bench, ctx) {
    const { order, report } = await openDeposit(bench, ctx);
    return (with_) => verbs(bench).findDeposit(with_, { reference: order.reference, providerId: report.providerId });
  },
});

export const depositCases = [...own, ...doubt, ...looks];
