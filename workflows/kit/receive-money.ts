import { patched } from '@temporalio/workflow';
import type { Arrival, DepositReport, Reversal } from '../../adapters/kit/payments.ts';
import { type Amount, compare, isPositive, sum } from '../../domain/money.ts';
import type { MoneyOrder } from '../../domain/money-order.ts';
import { type Fees, feesOf } from '../../domain/provider-fees.ts';
import { delay } from '../../domain/timings.ts';
import { REJECTED } from '../../domain/told-client.ts';
import { atProvider } from './activities.ts';
import { isHere } from './fixed-rate.ts';
import { makeOnce } from './make-once.ts';
import type { MoneyRun } from './money-run.ts';
import { Stopped } from './stopped.ts';

/** Money that may be credited. */
export interface Received {
  received: Amount;
  /** The provider's ids of the payments this is the sum of: none of them is ever credited again. */
  payments: string[];
  /** What the provider kept of them, as far as it tells already. */
  fees: Fees;
  /** A person looked at it and said so: it needs no further approval. */
  reviewed: boolean;
}

/** What came of looking at the money: go on waiting, credit this much, have a person look, or stop. */
type Look =
  | { is: 'waiting'; seen: boolean; why: string; unknownWord?: boolean }
  | { is: 'here'; amount: Amount; payments: string[]; fees: Fees }
  | { is: 'odd'; amount: Amount | null; payments: string[]; fees: Fees; why: string };

/** A hosted page that the client has: paid by him, reported by news or found by asking. Answers what may be credited. */
export const receiveInvoice = (run: MoneyRun): Promise<Received> => {
  const { transactionId, method } = run.order;
  return untilItIsHere(run, {
    ask: () => atProvider(method!.connectionId, 'Asking about the deposit').findDeposit({ transactionId }),
    judge: (report) =>
      report
        ? lessWhatWentBack(run, lookAt(report), report.reversals)
        : { is: 'waiting', seen: false, why: 'the provider does not know it any more', unknownWord: true },
    parts: ({ arrivals }) => arrivals.filter(isHere).map(({ id }) => id),
  });
};

/** What the client has to do, as the provider tells it: a page to open, an instruction, a form. The opening call hears it. */
export const openDeposit = async (run: MoneyRun): Promise<void> => {
  const { transactionId, method } = run.order;
  const provider = (say: string) => atProvider(method!.connectionId, say);
  run.progress.note(`Opening a payment page at ${method!.provider}.`);
  const opened = await makeOnce({
    create: () => provider('Opening the payment page').createDeposit({ transactionId }),
    find: () => provider('Looking for the payment page').findDeposit({ transactionId }),
    timings: run.timings,
    note: (said) => run.progress.note(said),
    pause: run.pause,
  });
  await run.step('Noting where the client pays', (hub) => hub.noteDepositOpened({ transactionId, report: opened }));
  run.progress.at('awaiting_payer', `The client pays at ${method!.provider}.`);
  run.answer();
};

/** A payment that came on its own: on an address, after the deadline, or twice. */
export const receiveArrival = (run: MoneyRun, arrival: NonNullable<MoneyOrder['arrival']>): Promise<Received> => {
  const { transactionId, method } = run.order;
  return untilItIsHere(run, {
    ask: () => atProvider(method!.connectionId, 'Asking about the payment').findDeposit({ transactionId }),
    judge: (report) => {
      const payment = report?.arrivals.find((one) => one.id === arrival.paymentId);
      if (!payment) return { is: 'waiting', seen: true, why: 'the provider does not show it', unknownWord: true };
      return lessWhatWentBack(run, lookAtArrival(payment, arrival.why), report!.reversals);
    },
  });
};

const lookAtArrival = (payment: Arrival, whyOdd: string | null): Look => {
  const came = { payments: [payment.id], fees: feesOf([payment]) };
  const { state, amount, blocked, why } = payment;
  if (state === 'failed') throw new Stopped('failed', 'provider_refused', 'The provider cancelled the payment.');
  if (state === 'seen' || state === 'processing') return { is: 'waiting', seen: true, why: 'confirmations' };
  if (blocked) return { is: 'odd', amount: null, ...came, why: why ?? 'the provider keeps it back' };
  const said = whyOdd ?? (state === 'review' ? (why ?? 'the provider wants a person to look') : undefined);
  return said === undefined ? { is: 'here', amount, ...came } : { is: 'odd', amount, ...came, why: said };
};

/**
 * Of money that went back before it was credited: all of it, and there is nothing to credit; a part, and the books follow right after it is credited, as they
 * do for a part that goes back later.
 */
const lessWhatWentBack = (run: MoneyRun, look: Look, reversals: readonly Reversal[] = []): Look => {
  if (look.is === 'waiting' || look.amount === null) return look;
  const back = wentBack(run, look.payments, reversals);
  if (back.length === 0 || !patched('what-went-back-before-it-was-credited')) return look;
  const amount = sum(back.map((one) => one.amount));
  const why = `The provider took back ${amount} of it (${back.map(({ kind }) => kind).join(', ')})`;
  if (compare(amount, look.amount) >= 0) return { ...look, is: 'odd', amount: null, why };
  // What is news to a question would ask it anew for ever.
  if (patched('what-went-back-is-news-at-the-end')) run.newsAtTheEnd = true;
  else run.hasNews();
  return look.is === 'odd' ? { ...look, why: `${look.why}. ${why}` } : look;
};

/** What went back of these payments. What names none is the whole deposit's; of an address it is nobody knows which one's. */
const wentBack = ({ order }: MoneyRun, payments: readonly string[], reversals: readonly Reversal[]): Reversal[] =>
  reversals.filter(
    ({ state, paymentId }) =>
      state !== 'undone' &&
      (paymentId === undefined ? order.arrival === null : payments.length === 0 || payments.includes(paymentId)),
  );

/** Whether these payments have not gone back since they were seen. What came besides them is another deposit's. */
export const isStillThere = async (
  run: MoneyRun,
  { received, payments }: Pick<Received, 'received' | 'payments'>,
): Promise<boolean> => {
  const { transactionId, method } = run.order;
  const provider = atProvider(method!.connectionId, 'Asking whether the payment is still there');
  for (let n = 0; ; n++) {
    const report = await provider.findDeposit({ transactionId }).catch(() => undefined);
    if (report !== undefined) return report !== null && holds(run, report, { received, payments });
    const forWhat = 'the provider, which is to say whether the payment is still there';
    const waiting = { forWhat, can: 'check the connection; it is asked by itself.', human: n > 4 };
    await run.newsOr(waiting, delay(run.timings.retries, n));
  }
};

const holds = (
  run: MoneyRun,
  { arrivals, reversals = [] }: DepositReport,
  { received, payments }: Pick<Received, 'received' | 'payments'>,
): boolean => {
  const lost = arrivals.some(({ id, state, blocked }) => payments.includes(id) && (blocked || state === 'failed'));
  const back = wentBack(run, payments, reversals);
  if (lost || compare(sum(back.map(({ amount }) => amount)), received) >= 0) return false;
  if (back.length > 0) run.hasNews();
  return true;
};

const counted = ({ arrivals }: DepositReport): { payments: string[]; fees: Fees } => {
  const there = arrivals.filter((one) => !one.blocked && (one.state === 'succeeded' || one.state === 'review'));
  return { payments: there.map(({ id }) => id), fees: feesOf(there) };
};

const lookAt = (report: DepositReport): Look => {
  const { state, providerStatus, processed, unknownWord = false } = report;
  switch (state) {
    case 'awaiting_payer':
    case 'seen':
    case 'processing':
      return { is: 'waiting', seen: state !== 'awaiting_payer', why: report.why ?? providerStatus, unknownWord };
    case 'succeeded':
      return processed === null
        ? { is: 'waiting', seen: true, why: 'the provider tells no amount', unknownWord: true }
        : { is: 'here', amount: processed, ...counted(report) };
    case 'review':
      return {
        is: 'odd',
        amount: processed,
        ...counted(report),
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

/** How a deposit is looked at, as often as wanted. */
interface Looking {
  ask: () => Promise<DepositReport | null>;
  /** Throws Stopped when nothing comes of it. */
  judge: (report: DepositReport | null) => Look;
  /** What is here of a deposit that may be paid in parts, as the provider calls it. */
  parts?: ((report: DepositReport) => string[]) | undefined;
}

const untilItIsHere = async (run: MoneyRun, { ask, judge, parts }: Looking): Promise<Received> => {
  const { timings } = run;
  const since = Date.now();
  let unanswered = 0;
  for (let n = 0; ; n++) {
    const looked = await ask()
      .then((report) => ({ report, look: judge(report) }))
      .catch((error: unknown): null => {
        if (error instanceof Stopped) throw error;
        return null; // could not be asked: the next look tells
      });
    const seen = looked && (await atItsRate(run, looked, { judge, parts }));
    if (seen?.is === 'here') {
      run.progress.notWaiting();
      run.progress.at('processing', `${seen.amount} ${run.order.currency.alphabeticCode} arrived.`);
      return { received: seen.amount, payments: seen.payments, fees: seen.fees, reviewed: false };
    }
    if (seen?.is === 'odd') {
      const credited = await review(run, seen);
      if (credited !== null) return { received: credited, payments: seen.payments, fees: seen.fees, reviewed: true };
      continue;
    }
    if (seen?.seen && run.progress.stage === 'awaiting_payer') run.progress.at('seen', 'A payment was seen.');
    const waited = Date.now() - since;
    // Only a clear answer that nothing came lets a deposit expire; a provider that cannot be asked does not.
    if (seen && !seen.seen && waited > timings.payWithin)
      throw new Stopped('expired', 'expired', 'Nobody paid in time.');
    const worry = seen === null ? n > 4 : seen.unknownWord === true || (seen.seen && waited > timings.worryAfter);
    const forWhat =
      seen === null
        ? 'the provider, which cannot be asked'
        : seen.unknownWord
          ? `the provider, which says something we do not know (${seen.why})`
          : seen.seen
            ? `the payment to settle (${seen.why})`
            : 'the client to pay';
    const can = 'cancel, or wait: the provider is asked by itself.';
    // What a callback told of is not left until the next of the ever rarer looks because the provider stumbled once.
    const soon = seen === null ? delay(timings.retries, unanswered++) : Infinity;
    if (seen !== null) unanswered = 0;
    await run.newsOr({ forWhat, can, human: worry }, Math.min(soon, delay(timings.polls, n)));
  }
};

/** Once money is here its rate is fixed, and what comes too late for that is another deposit's. */
const atItsRate = async (
  run: MoneyRun,
  { report, look }: { report: DepositReport | null; look: Look },
  { judge, parts }: Pick<Looking, 'judge' | 'parts'>,
): Promise<Look> => {
  if (look.is === 'waiting' || !report) return look;
  run.payments = look.payments;
  await run.moneyIsHere(parts?.(report));
  if (!parts) return look;
  const mine = judge(run.rate.partOf(report));
  if (mine.is !== 'waiting') run.payments = mine.payments;
  return mine;
};

/** Money is there, but not as ordered: a person says whether what came is credited. Null = look again. */
const review = async (run: MoneyRun, odd: { amount: Amount | null; why: string }): Promise<Amount | null> => {
  run.before.heed();
  const amount = odd.amount !== null && isPositive(odd.amount) ? odd.amount : null;
  const request = await run.openRequest('review', odd.why, amount);
  run.progress.at('review', `${odd.why}. Request ${request.applicationId} opened.`);
  run.answer();
  const credit = amount === null ? '' : `"approve" (credits ${amount} ${run.order.currency.alphabeticCode}), `;
  const can = `decide request ${request.applicationId} or send \`decide\` with \`{"decision": …, "by": <your user id>}\`: ${credit}"reject" (credits nothing) or "continue" (looks again).`;
  for (;;) {
    await run.wait({ forWhat: `an operator: ${odd.why}`, can, human: true }, () => run.decisionWaits || run.takeNews());
    if (!run.decisionWaits) {
      run.withdrawRequest();
      return null;
    }
    const verdict = await run.takeDecision();
    if (!verdict) continue;
    run.progress.notWaiting();
    if (verdict.word === 'approve') return verdict.amount;
    if (verdict.word === 'reject')
      throw new Stopped('rejected', 'rejected', verdict.comment ?? REJECTED, verdict.resolutionId);
    return null;
  }
};
