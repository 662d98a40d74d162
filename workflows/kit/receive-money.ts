import type { DepositReport } from '../../adapters/kit/payments.ts';
import type { Amount } from '../../domain/money.ts';
import type { MoneyOrder } from '../../domain/money-order.ts';
import { delay } from '../../domain/timings.ts';
import { atProvider } from './activities.ts';
import type { MoneyRun } from './money-run.ts';
import { Stopped } from './stopped.ts';

/** What came of looking at the money: go on waiting, credit this much, have a person look, or stop. */
type Look =
  | { is: 'waiting'; seen: boolean; why: string; unknownWord: boolean }
  | Here
  | { is: 'odd'; amount: Amount | null; payments: string[]; why: string };

interface Here {
  is: 'here';
  amount: Amount;
  /** The provider's ids of the payments this is the sum of: none of them is ever credited again. */
  payments: string[];
}

/** Money that may be credited. */
export interface Received {
  received: Amount;
  payments: string[];
}

/** A hosted page: opened at the provider, paid by the client, reported by news or found by asking. Answers what may be credited. */
export const receiveInvoice = async (run: MoneyRun): Promise<Received> => {
  const { transactionId, method } = run.order;
  const opened = await openInvoice(run);
  await run.step('Noting where the client pays', (hub) => hub.noteDepositOpened({ transactionId, report: opened }));
  run.progress.at('awaiting_payer', `The client pays at ${method!.provider}.`);
  run.answer();
  return untilItIsHere(run, async () => {
    const report = await atProvider(method!.connectionId, 'Asking about the deposit').findDeposit({ transactionId });
    return report
      ? lookAt(report)
      : { is: 'waiting', seen: false, why: 'the provider does not know it any more', unknownWord: true };
  });
};

/** A payment that came on its own: on an address, after the deadline, or twice. */
export const receiveArrival = async (run: MoneyRun, arrival: NonNullable<MoneyOrder['arrival']>): Promise<Received> => {
  const { transactionId, method } = run.order;
  run.progress.at('seen', `Payment ${arrival.paymentId} arrived.`);
  run.answer();
  return untilItIsHere(run, async () => {
    const report = await atProvider(method!.connectionId, 'Asking about the payment').findDeposit({ transactionId });
    const payment = report?.arrivals.find((one) => one.id === arrival.paymentId);
    if (!payment) return { is: 'waiting', seen: true, why: 'the provider does not show it', unknownWord: false };
    const payments = [payment.id];
    if (payment.state === 'failed')
      throw new Stopped('failed', 'provider_refused', 'The provider cancelled the payment.');
    if (payment.blocked) return { is: 'odd', amount: null, payments, why: payment.why ?? 'the provider keeps it back' };
    if (payment.state === 'review')
      return {
        is: 'odd',
        amount: payment.amount,
        payments,
        why: arrival.why ?? payment.why ?? 'the provider wants a person to look',
      };
    if (payment.state !== 'succeeded') return { is: 'waiting', seen: true, why: 'confirmations', unknownWord: false };
    return arrival.why
      ? { is: 'odd', amount: payment.amount, payments, why: arrival.why }
      : { is: 'here', amount: payment.amount, payments };
  });
};

/** Opening a page moves no money: a lost answer is looked up, and only when nothing is there is it opened again. */
const openInvoice = async (run: MoneyRun): Promise<DepositReport> => {
  const { transactionId, method } = run.order;
  const provider = (say: string) => atProvider(method!.connectionId, say);
  for (let n = 0; ; n++) {
    run.progress.note(`Opening a payment page at ${method!.provider}.`);
    const answer = await provider('Opening the payment page')
      .createDeposit({ transactionId })
      .catch(() => ({ outcome: 'unknown' as const, message: 'the answer was lost' }));
    if (answer.outcome === 'done' || answer.outcome === 'pending') return answer.report;
    if (answer.outcome === 'refused') throw new Stopped('failed', answer.reason, answer.message);
    if (answer.outcome === 'unknown') {
      const found = await provider('Looking for the payment page')
        .findDeposit({ transactionId })
        .catch(() => null);
      if (found) return found;
    }
    run.progress.note(`No page yet: ${answer.message}.`);
    run.answer();
    const waiting = {
      forWhat: `the provider to be reachable (${answer.message})`,
      can: 'check the connection; it is tried again by itself.',
      human: n > 4,
    };
    await run.wait(waiting, () => false, delay(run.timings.retries, n));
  }
};

const counted = (report: DepositReport): string[] =>
  report.arrivals
    .filter((one) => !one.blocked && (one.state === 'succeeded' || one.state === 'review'))
    .map((one) => one.id);

const lookAt = (report: DepositReport): Look => {
  switch (report.state) {
    case 'awaiting_payer':
    case 'seen':
    case 'processing':
      return {
        is: 'waiting',
        seen: report.state !== 'awaiting_payer',
        why: report.why ?? report.providerStatus,
        unknownWord: report.unknownWord ?? false,
      };
    case 'succeeded':
      return { is: 'here', amount: report.processed!, payments: counted(report) };
    case 'review':
      return {
        is: 'odd',
        amount: report.processed,
        payments: counted(report),
        why: report.why ?? 'the provider wants a person to look',
      };
    case 'failed':
      throw new Stopped('failed', 'provider_refused', report.why ?? 'The provider declined the payment.');
    case 'cancelled':
      throw new Stopped('cancelled', 'cancelled', report.why ?? 'Cancelled at the provider.');
    case 'expired':
      throw new Stopped('expired', 'expired', 'Nobody paid in time.');
  }
};

const untilItIsHere = async (run: MoneyRun, look: () => Promise<Look>): Promise<Received> => {
  const deadline = Date.now() + run.timings.payWithin;
  for (let n = 0; ; n++) {
    const seen = await look().catch((error: unknown): Look | null => {
      if (error instanceof Stopped) throw error;
      return null; // could not be asked: the next look tells
    });
    if (seen?.is === 'here') {
      run.progress.notWaiting();
      run.progress.at('processing', `${seen.amount} ${run.order.currency.alphabeticCode} arrived.`);
      run.pointOfNoReturn();
      return { received: seen.amount, payments: seen.payments };
    }
    if (seen?.is === 'odd') {
      const amount = await review(run, seen);
      if (amount) return { received: amount, payments: seen.payments };
      continue;
    }
    if (seen?.seen && run.progress.stage === 'awaiting_payer') run.progress.at('seen', 'A payment was seen.');
    if (Date.now() > deadline && !seen?.seen) throw new Stopped('expired', 'expired', 'Nobody paid in time.');
    const forWhat = seen?.unknownWord
      ? `the provider, which says something we do not know (${seen.why})`
      : seen?.seen
        ? `the payment to settle (${seen.why})`
        : 'the client to pay';
    await run.newsOr(
      { forWhat, can: 'cancel, or wait: the provider is asked by itself.', human: seen?.unknownWord ?? false },
      delay(run.timings.polls, n),
    );
  }
};

/** Money is there, but not as ordered: a person says whether what came is credited. Null = look again. */
const review = async (run: MoneyRun, odd: { amount: Amount | null; why: string }): Promise<Amount | null> => {
  run.pointOfNoReturn();
  const request = await run.openRequest('review', odd.why, {
    amount: odd.amount,
    needed: run.order.approvals === 2 ? 2 : 1,
  });
  run.progress.at('review', `${odd.why}. Request ${request.applicationId} opened.`);
  run.answer();
  const credit = odd.amount ? `approve (credits ${odd.amount} ${run.order.currency.alphabeticCode}), ` : '';
  const can = `decide request ${request.applicationId} or send \`decide\`: ${credit}reject (credits nothing) or "continue" (look again), with "by": <your user id>.`;
  for (;;) {
    await run.wait({ forWhat: `an operator: ${odd.why}`, can, human: true }, () => run.decisionWaits || run.takeNews());
    if (!run.decisionWaits) return null;
    const verdict = await run.takeDecision();
    if (!verdict) continue;
    run.progress.notWaiting();
    if (verdict.word === 'approve') return odd.amount;
    if (verdict.word === 'reject')
      throw new Stopped('rejected', 'rejected', verdict.comment ?? odd.why, verdict.resolutionId);
    return null;
  }
};
