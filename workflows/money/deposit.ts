import { patched } from '@temporalio/workflow';
import type { MoneyInput, MoneyResult } from '../../domain/money-order.ts';
import { MoneyRun } from '../kit/money-run.ts';
import { isStillThere, openDeposit, type Received, receiveArrival, receiveInvoice } from '../kit/receive-money.ts';

/** Takes client money in: wait for it → look at it → approve → credit what came, never what was asked. */
export async function deposit(input: MoneyInput): Promise<MoneyResult> {
  return new MoneyRun('deposit', input).tell(async (run) => {
    const { transactionId, resumed } = run.order;
    // What another run began may be paid by now: that is for people to judge.
    if (!resumed) await run.step('Checking the account', (hub) => hub.assertMayDeposit({ transactionId }));
    const receive = await receiving(run);
    const credit = await approved(run, receive);
    await run.moneyIsHere();
    await run.book('Crediting the account', (hub) => hub.bookDeposit({ transactionId, ...credit }));
  });
}

/** How to find out what came, as often as wanted. By bank nobody but a person can see it: its approval, which is never left out, is the receipt. */
const receiving = async (run: MoneyRun): Promise<() => Promise<Received>> => {
  const { arrival, method, amount } = run.order;
  if (arrival) {
    run.progress.at('seen', `Payment ${arrival.paymentId} arrived.`);
    run.answer();
    return () => receiveArrival(run, arrival);
  }
  const byInvoice = method!.flow === 'invoice';
  if (byInvoice || method!.tellsPayer) await openDeposit(run);
  return byInvoice
    ? () => receiveInvoice(run)
    : async () => ({ received: amount, payments: [], fees: {}, reviewed: false });
};

/** What people say may be credited. While they thought it over it may have gone back: what they approved must still be there. */
const approved = async (run: MoneyRun, receive: () => Promise<Received>): Promise<Omit<Received, 'reviewed'>> => {
  for (;;) {
    const { reviewed, ...came } = await receive();
    if (reviewed) return came;
    run.before.heed();
    const received = await run.approval(came.received);
    if (!tookTime(run) || (await isStillThere(run, came))) return { ...came, received };
    run.asksAnew();
    // All that was told until now is in the look that follows.
    run.takeNews();
  }
};

const tookTime = ({ order, progress }: MoneyRun): boolean =>
  progress.stage === 'awaiting_approval' &&
  (order.arrival !== null || order.method!.flow === 'invoice') &&
  patched('looked-at-again-before-it-is-credited');
