import type { MoneyInput, MoneyResult } from '../../domain/money-order.ts';
import { atProvider } from '../kit/activities.ts';
import { moveMoney } from '../kit/move-money.ts';
import { MoneyRun } from '../kit/money-run.ts';
import { takenBackIfStopped, untilClientSaidWhere } from '../kit/prepare-payout.ts';

/** Sends client money out, or back the way it came (a refund): check → hold → approve → send → capture. Every way out except `done` gives the hold back exactly once. */
export async function payout(input: MoneyInput): Promise<MoneyResult> {
  return new MoneyRun('payout', input).tell(async (run) => {
    const { transactionId, method, approvals, exchange } = run.order;

    await run.step('Checking limits and restrictions', (hub) => hub.assertMayWithdraw({ transactionId }));
    await run.step('Holding funds', (hub) => hub.holdFunds({ transactionId }), 'hold_refused');
    run.ifNotDone('give the hold back', (hub) => hub.releaseHold({ transactionId }));
    run.progress.at('held', 'Funds are held.');

    const approve = async () => {
      await run.approval();
      // They have paid it by now: nothing that changed meanwhile brings it back.
      if (method!.paidByPeople) return run.tooLateToCancel();
      await run.step('Checking that nothing changed meanwhile', (hub) => hub.assertStillMayWithdraw({ transactionId }));
    };
    const approveAndSend = async () => {
      // What they are asked to pay is what will be booked.
      if (method!.paidByPeople) await run.fixRate();
      if (approvals > 0) await approve();
      if (exchange) {
        // At the rate it leaves at it may be worth more than what was approved.
        await run.fixRate();
        await approve();
      }
      return sendOut(run);
    };
    const prepareAndSend = async () => {
      await run.fixRate(); // the page says how much
      await untilClientSaidWhere(run);
      return approveAndSend();
    };
    const { report } = method!.preparesPayouts
      ? await takenBackIfStopped(run, prepareAndSend, () => sendOut(run, { paysAlready: true }))
      : await approveAndSend();
    await run.book('Booking the payout', (hub) => hub.bookPayout({ transactionId, report }));
    if (report?.state === 'returned') run.hasNews(); // of a part of it
  });
}

/** To the beneficiary, or back the way a deposit came. In certainty: it comes back done, or the story ends. */
const sendOut = async (run: MoneyRun, { paysAlready = false } = {}) => {
  const { transactionId, method, refundOf } = run.order;
  const provider = (say: string) => atProvider(method!.connectionId, say);
  await run.fixRate();
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
  return moveMoney(run, {
    ...way,
    // A prepared one is taken back at its provider first.
    canBeStopped: !method!.preparesPayouts && !method!.paidByPeople,
    idempotency: method!.idempotency,
    onPending: (sent) =>
      run.step('Noting that the provider works on it', (hub) =>
        hub.notePayoutSubmitted({ transactionId, report: sent }),
      ),
  });
};
