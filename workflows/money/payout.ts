import type { PayoutReport } from '../../adapters/kit/payments.ts';
import type { MoneyInput, MoneyResult } from '../../domain/money-order.ts';
import { atProvider } from '../kit/activities.ts';
import { type Move, moveMoney, movedBefore, type Settled } from '../kit/move-money.ts';
import { MoneyRun } from '../kit/money-run.ts';
import { takenBackIfStopped, untilClientSaidWhere } from '../kit/prepare-payout.ts';
import { Stopped } from '../kit/stopped.ts';

/** Sends client money out, or back the way it came (a refund): check → hold → approve → send → capture. Every way out except `done` gives the hold back exactly once. */
export async function payout(input: MoneyInput): Promise<MoneyResult> {
  return new MoneyRun('payout', input).tell(async (run) => {
    const { transactionId, method, resumed = false } = run.order;
    run.before.ifSent({
      find: () => foundSent(run),
      bookAsSaid: () => book(run, { report: null }),
      approvedIsDone: method!.paidByPeople === true,
    });
    if (resumed && (await run.before.sentIt())) return;

    // What people were asked to pay is not given up for a limit or a ban: nobody knows whether they have.
    if (!(resumed && method!.paidByPeople))
      await run.step('Checking limits and restrictions', (hub) => hub.assertMayWithdraw({ transactionId }));
    await run.step('Holding funds', (hub) => hub.holdFunds({ transactionId }), 'hold_refused');
    run.ifNotDone('give the hold back', (hub) => hub.releaseHold({ transactionId }));
    run.progress.at('held', 'Funds are held.');
    await book(run, await approveAndSend(run));
  });
}

const book = async (run: MoneyRun, { report }: Settled<PayoutReport>): Promise<void> => {
  const { transactionId } = run.order;
  await run.book('Booking the payout', (hub) => hub.bookPayout({ transactionId, report }));
  if (report?.state === 'returned') run.hasNews(); // of a part of it
};

/** What another run of this payout sent: only when that is sure may it be given back, for whatever reason. */
const foundSent = async (run: MoneyRun): Promise<false | { book: () => Promise<void> }> => {
  const { method, exchange, resumed, saidBefore } = run.order;
  if (method!.paidByPeople) return false; // there is nobody to ask but people
  // Nothing leaves before its rate is fixed, and a rate of now is not for a payout that still has to be approved.
  if (resumed && exchange?.fixed === false) return false;
  await run.rate.fix();
  // The page that its client had is lost: unless it is paid already, or a person said so, he orders again.
  const takesBack = resumed && method!.preparesPayouts && saidBefore?.word !== 'mark_done';
  const sent = takesBack
    ? await takenBackIfStopped(run, interrupted, () => sendOut(run, { paysAlready: true }))
    : await movedBefore(run, wayOut(run));
  return sent !== null && { book: () => book(run, sent) };
};

const interrupted = (): never => {
  throw new Stopped('failed', 'provider_outcome_unknown', 'It was interrupted. Please order again.');
};

const approveAndSend = async (run: MoneyRun): Promise<Settled<PayoutReport>> => {
  const { method } = run.order;
  if (!method!.preparesPayouts) return askAndSend(run);
  const prepareAndSend = async () => {
    await run.rate.fix(); // the page says how much
    await untilClientSaidWhere(run);
    return askAndSend(run);
  };
  return takenBackIfStopped(run, prepareAndSend, () => sendOut(run, { paysAlready: true }));
};

const askAndSend = async (run: MoneyRun): Promise<Settled<PayoutReport>> => {
  const { method, approvals, exchange } = run.order;
  if (method!.paidByPeople) {
    await run.rate.fix(); // what they are asked to pay is what will be booked
    // Whoever approves it says that it was paid: from the question on only they know whether it is on its way.
    run.leaveToBroker('It may be on its way already');
  }
  bindClient(run);
  if (approvals > 0) await approve(run);
  if (exchange) {
    // At the rate it leaves at it may be worth more than what was approved.
    await run.rate.fix();
    bindClient(run);
    await approve(run);
  }
  return sendOut(run);
};

/** A client who could still stop it would wait which way the market goes. */
const bindClient = (run: MoneyRun): void => {
  if (run.rate.isFixed) run.leaveToBroker('Its rate is fixed');
};

const approve = async (run: MoneyRun): Promise<void> => {
  const { transactionId, method } = run.order;
  await run.approval();
  // They have paid it by now: nothing that changed meanwhile brings it back.
  if (method!.paidByPeople) return run.tooLateToCancel();
  await run.step('Checking that nothing changed meanwhile', (hub) => hub.assertStillMayWithdraw({ transactionId }));
};

/** In certainty: it comes back done, or the story ends. */
const sendOut = async (run: MoneyRun, { paysAlready = false } = {}): Promise<Settled<PayoutReport>> => {
  await run.rate.fix();
  return moveMoney(run, wayOut(run, { paysAlready }));
};

/** To the beneficiary, or back the way a deposit came. */
const wayOut = (run: MoneyRun, { paysAlready = false } = {}): Move<PayoutReport> => {
  const { transactionId, method, refundOf } = run.order;
  const provider = (say: string) => atProvider(method!.connectionId, say);
  const way =
    (refundOf ?? null) === null
      ? {
          say: `Sending through ${method!.provider}`,
          send: () => provider('Sending the payout').createPayout({ transactionId, paysAlready }),
          ask: () => provider('Asking about the payout').findPayout({ transactionId }),
        }
      : {
          say: `Giving the deposit back through ${method!.provider}`,
          send: () => provider('Giving the deposit back').createRefund({ transactionId }),
          ask: () => provider('Asking about the refund').findRefund({ transactionId }),
        };
  return {
    ...way,
    // A prepared one is taken back at its provider first.
    canBeStopped: !method!.preparesPayouts && !method!.paidByPeople,
    idempotency: method!.idempotency,
    onPending: (sent) =>
      run.step('Noting that the provider works on it', (hub) =>
        hub.notePayoutSubmitted({ transactionId, report: sent }),
      ),
  };
};
