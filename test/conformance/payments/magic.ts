import { equal } from '../../../domain/money.ts';
import type { SandboxBookEntry } from '../../../adapters/kit/sandbox.ts';
import { brief } from '../bench.ts';
import { doesNotApply, must, type Case } from '../case.ts';
import { booked } from './exactness.ts';
import {
  findsByReference,
  magic,
  makesPayouts,
  openDeposit,
  openPayout,
  paidDeposit,
  pay,
  payoutOrder,
  settledDeposit,
  settledPayout,
  takesDeposits,
  verbs,
  depositOrder,
  type Bench,
} from './orders.ts';

// The magic amounts decide what happens, the provider's books say what did, and the adapter is judged by the books. Where the books show the plain
// course of things the amount has no meaning at this vendor.

const worth = (entries: readonly SandboxBookEntry[], amount: string) =>
  entries.length > 0 && equal(booked(entries), amount);
const plain = (minor: string) => doesNotApply(`.${minor} has no meaning at this vendor`);

/** A lost answer that turns out well was asked for again, unless it was never lost. */
const sentOnce = (bench: Bench, verb: 'createDeposit' | 'createPayout'): never => {
  must(bench.seen(verb).length < 2, `${verb} was sent ${bench.seen(verb).length} times: adapters repeat nothing`);
  return plain('09');
};

/** The report never claims more than the books hold. */
const agrees = (report: { state: string; processed: string | null }, entries: readonly SandboxBookEntry[]): void => {
  if (report.processed === null)
    return must(report.state !== 'succeeded', `it succeeded with nothing processed: ${brief(report)}`);
  if (report.state === 'succeeded')
    must(
      equal(report.processed, booked(entries)),
      `processed is ${report.processed}, and the books hold ${brief(entries)}`,
    );
};

const deposit = async (bench: Bench, minor: string) => {
  takesDeposits(bench);
  void bench.control;
  const ctx = bench.ctx();
  const opened = await openDeposit(bench, ctx, magic(minor));
  await bench.meant(`.${minor}`, () => pay(bench, opened));
  const found = await settledDeposit(bench, ctx, opened.order.reference, opened.report.providerId);
  return { ctx, ...opened, found, entries: bench.books('deposit', opened.order.reference) };
};

const fails = (minor: string, what: string): Case<'payments'> => ({
  name: `deposit .${minor}: ${what} brings nothing`,
  async run(bench) {
    const { found, amount, entries } = await deposit(bench, minor);
    if (worth(entries, amount)) plain(minor);
    must(found.state !== 'succeeded', `the books hold ${brief(entries)}, and the deposit succeeded: ${brief(found)}`);
    must(
      !found.arrivals.some(({ state }) => state === 'succeeded'),
      `nothing may be credited, and arrivals are ${brief(found.arrivals)}`,
    );
  },
});

const partly = (minor: string, what: string): Case<'payments'> => ({
  name: `deposit .${minor}: ${what} is told as what it is`,
  async run(bench) {
    const { found, amount, entries } = await deposit(bench, minor);
    if (worth(entries, amount)) plain(minor);
    must(
      found.state === 'review' || found.state === 'succeeded',
      `money came, and the deposit is '${found.state}': ${brief(found)}`,
    );
    must(
      found.processed !== null && equal(found.processed, booked(entries)),
      `processed is ${found.processed}, and the books hold ${brief(entries)}`,
    );
  },
});

const payout = async (bench: Bench, minor: string) => {
  makesPayouts(bench);
  void bench.control;
  const ctx = bench.ctx();
  return { ctx, ...(await openPayout(bench, ctx, magic(minor))) };
};

const refused = (minor: string, what: string): Case<'payments'> => ({
  name: `payout .${minor}: ${what} is a refusal or a failure, and pays nothing`,
  async run(bench) {
    makesPayouts(bench);
    void bench.control;
    const ctx = bench.ctx();
    const order = payoutOrder(bench, magic(minor));
    const made = await verbs(bench)
      .createPayout(ctx, order)
      .catch((error: unknown) => {
        must(
          error instanceof Error && error.name === 'Rejected',
          `it must be Rejected or reported as failed, and was ${String(error)}`,
        );
        return null;
      });
    const found = made && (await settledPayout(bench, ctx, order.reference, made.providerId));
    const entries = bench.books('payout', order.reference);
    if (worth(entries, order.amount)) plain(minor);
    must(entries.length === 0, `it was ${found?.state ?? 'Rejected'}, and the books hold ${brief(entries)}`);
    must(
      !found || ['failed', 'cancelled', 'awaiting_approval', 'processing'].includes(found.state),
      `nothing was paid, and the payout is ${brief(found)}`,
    );
  },
});

export const magicCases: Case<'payments'>[] = [
  {
    name: 'deposit .01: pending first, it succeeds in the end',
    async run(bench) {
      const { found, entries } = await deposit(bench, '01');
      must(found.state === 'succeeded', `after its ticks it is ${brief(found)}`);
      agrees(found, entries);
    },
  },
  fails('02', 'a declined payment'),
  fails('03', 'a payer without funds'),
  partly('04', 'a payment of 60 %'),
  partly('05', 'a payment of 120 %'),
  {
    name: 'deposit .06: nobody pays in time, and it ends',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await openDeposit(bench, ctx, magic('06'));
      await bench.control.advanceClock('8d');
      // Another session: tokens of a week ago are over.
      const found = await verbs(bench).findDeposit(bench.ctx(), {
        reference: order.reference,
        providerId: report.providerId,
      });
      if (found?.state === 'awaiting_payer') plain('06');
      must(
        found && ['expired', 'cancelled', 'failed'].includes(found.state),
        `it must be over, and is ${brief(found)}`,
      );
      must(found.processed === null, `nobody paid, and processed is ${found.processed}`);
    },
  },
  {
    name: 'deposit .07: money taken back a day later is told',
    async run(bench) {
      const { order, report, found, entries } = await deposit(bench, '07');
      must(found.state === 'succeeded', `at first it succeeds, and is ${brief(found)}`);
      await bench.control.advanceClock('25h');
      const later = await verbs(bench).findDeposit(bench.ctx(), {
        reference: order.reference,
        providerId: report.providerId,
      });
      const [before, after] = [brief(entries), brief(bench.books('deposit', order.reference))];
      const told = (later?.reversals?.length ?? 0) > 0 || later?.state === 'review' || later?.state === 'failed';
      if (before === after && !told && bench.control.books().length === entries.length) plain('07');
      must(told, `the books changed from ${before} to ${after}, and the report still says ${brief(later)}`);
    },
  },
  fails('08', 'a payment held for an anti-money-laundering check'),
  {
    name: 'deposit .09: the create answer never comes, and looking finds the deposit',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const ctx = await bench.signedIn();
      const order = depositOrder(bench, magic('09'));
      if (order.flow === 'address') plain('09');
      const lost = await verbs(bench)
        .createDeposit(bench.quick(ctx), order)
        .then(
          () => null,
          (error: unknown) => error,
        );
      if (lost === null) return sentOnce(bench, 'createDeposit');
      must(
        lost instanceof Error && ['OutcomeUnknown', 'Unavailable'].includes(lost.name),
        `a lost answer was taken for ${String(lost)}`,
      );
      if (!findsByReference(bench)) return;
      must(
        await verbs(bench).findDeposit(ctx, { reference: order.reference }),
        'findDeposit by reference answers null for a deposit that is there',
      );
    },
  },
  {
    name: 'deposit .10: money waiting for an approval at the provider is not there yet',
    async run(bench) {
      const { found, amount, entries } = await deposit(bench, '10');
      if (worth(entries, amount)) plain('10');
      must(found.state !== 'succeeded', `the books hold ${brief(entries)}, and the deposit succeeded`);
    },
  },
  {
    name: 'deposit .11: without any callback, looking is enough',
    async run(bench) {
      const { found } = await deposit(bench, '11');
      await bench.control.callbacksSettled();
      if (bench.heard.length > 0) plain('11');
      must(found.state === 'succeeded', `it is ${brief(found)}`);
    },
  },
  {
    name: 'deposit .12: a callback before the create answer already leads to the deposit',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await openDeposit(bench, ctx, magic('12'));
      const [early] = bench.heard;
      if (!early) return plain('12');
      const news = bench.webhook.translate(bench.reception().config, early);
      must(
        news.some(({ reference, providerId }) => reference === order.reference || providerId === report.providerId),
        `the early callback says ${brief(news)}, and must lead to ${order.reference} or ${report.providerId}`,
      );
      const found = await settledDeposit(bench, ctx, order.reference, report.providerId);
      agrees(found, bench.books('deposit', order.reference));
    },
  },
  {
    name: 'payout .01: pending first, it does not succeed before the money is gone',
    async run(bench) {
      makesPayouts(bench);
      bench.control.onlyByHand();
      const { ctx, order, report } = await payout(bench, '01');
      const { reference } = order;
      const early = await verbs(bench).findPayout(ctx, { reference, providerId: report.providerId });
      const before = brief(bench.books('payout', reference));
      await bench.control.advanceClock('4s');
      if (before === brief(bench.books('payout', reference))) plain('01');
      for (const told of [report, early])
        must(told?.state !== 'succeeded', `the books held ${before}, and the payout was ${brief(told)}`);
      const found = await settledPayout(bench, ctx, reference, report.providerId);
      must(found.state === 'succeeded', `after its ticks it is ${brief(found)}`);
      agrees(found, bench.books('payout', reference));
    },
  },
  refused('02', 'a declined one'),
  refused('03', 'one without funds'),
  {
    name: 'payout .04: one that paid less says so',
    async run(bench) {
      const { ctx, order, report } = await payout(bench, '04');
      const found = await settledPayout(bench, ctx, order.reference, report.providerId);
      const entries = bench.books('payout', order.reference);
      if (worth(entries, order.amount)) plain('04');
      agrees(found, entries);
    },
  },
  {
    name: 'payout .07: one that comes back a day later is returned',
    async run(bench) {
      const { ctx, order, report } = await payout(bench, '07');
      const first = await settledPayout(bench, ctx, order.reference, report.providerId);
      must(first.state === 'succeeded', `at first it succeeds, and is ${brief(first)}`);
      const before = brief(bench.books('payout', order.reference));
      await bench.control.advanceClock('25h');
      const later = await verbs(bench).findPayout(bench.ctx(), {
        reference: order.reference,
        providerId: report.providerId,
      });
      if (later?.state === 'succeeded' && before === brief(bench.books('payout', order.reference))) plain('07');
      must(later?.state === 'returned', `it must be returned, and is ${brief(later)}`);
    },
  },
  refused('08', 'one blocked by an anti-money-laundering check'),
  {
    name: 'payout .09: the answer never comes, the outcome is unknown, and it was paid once',
    async run(bench) {
      makesPayouts(bench);
      void bench.control;
      const ctx = await bench.signedIn();
      const order = payoutOrder(bench, magic('09'));
      const lost = await verbs(bench)
        .createPayout(bench.quick(ctx), order)
        .then(
          () => null,
          (error: unknown) => error,
        );
      if (lost === null) return sentOnce(bench, 'createPayout');
      must(lost instanceof Error && lost.name === 'OutcomeUnknown', `a lost answer was taken for ${String(lost)}`);
      if (findsByReference(bench))
        must(
          await verbs(bench).findPayout(ctx, { reference: order.reference }),
          'findPayout by reference answers null for a payout that is there',
        );
      const entries = bench.books('payout', order.reference);
      must(entries.length === 1, `the books hold ${brief(entries)}`);
    },
  },
  {
    name: 'payout .12: a callback before the answer already leads to the payout',
    async run(bench) {
      const { order, report } = await payout(bench, '12');
      const [early] = bench.heard;
      if (!early) return plain('12');
      const news = bench.webhook.translate(bench.reception().config, early);
      must(
        news.some(({ reference, providerId }) => reference === order.reference || providerId === report.providerId),
        `the early callback says ${brief(news)}, and must lead to ${order.reference} or ${report.providerId}`,
      );
    },
  },
];

/** Used by the reversals below: a deposit that succeeded. */
const succeeded = async (bench: Bench) => {
  takesDeposits(bench);
  void bench.control;
  const ctx = bench.ctx();
  const deposit = await paidDeposit(bench, ctx);
  must(deposit.found.state === 'succeeded', `a paid deposit is ${brief(deposit.found)}`);
  return { ctx, ...deposit };
};

export const reversalCases: Case<'payments'>[] = [
  ...(['refund', 'dispute'] as const).map((word): Case<'payments'> => ({
    name: `deposit: a ${word} made at the provider shows as a reversal, and the deposit stays succeeded`,
    async run(bench) {
      const { ctx, order, report } = await succeeded(bench);
      if (!bench.can(word)) doesNotApply(`no ${word}s`);
      await bench.advance(report.providerId, word);
      const found = await verbs(bench).findDeposit(ctx, { reference: order.reference, providerId: report.providerId });
      const reversal = found?.reversals?.find(({ kind }) => kind === word);
      must(
        found?.state === 'succeeded' && reversal,
        `it must be succeeded with a reversal '${word}', and is ${brief(found)}`,
      );
      must(reversal.id !== '' && /^\d/.test(reversal.amount), `the reversal is ${brief(reversal)}`);
    },
  })),
  {
    name: 'deposit: one that failed at the provider brings nothing',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await openDeposit(bench, ctx);
      await bench.advance(report.providerId, 'fail');
      const found = await verbs(bench).findDeposit(ctx, { reference: order.reference, providerId: report.providerId });
      must(
        found && found.state !== 'succeeded' && found.processed === null,
        `it failed, and the report says ${brief(found)}`,
      );
    },
  },
  {
    name: 'deposit: one that expired at the provider brings nothing',
    async run(bench) {
      takesDeposits(bench);
      void bench.control;
      const ctx = bench.ctx();
      const { order, report } = await openDeposit(bench, ctx);
      await bench.advance(report.providerId, 'expire');
      const found = await verbs(bench).findDeposit(ctx, { reference: order.reference, providerId: report.providerId });
      must(
        found && ['expired', 'cancelled', 'failed'].includes(found.state),
        `it is over, and the report says ${brief(found)}`,
      );
    },
  },
];
