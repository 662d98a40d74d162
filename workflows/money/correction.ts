import type { MoneyRun } from '../kit/money-run.ts';

/**
 * A transfer with one side: a client's wallet is put right against the broker's own books. What it gives is held until another person has approved; whether its
 * client is active has no say (docs/decisions/0081-corrections-by-hand.md).
 */
export const correct = async (run: MoneyRun): Promise<void> => {
  const { transactionId, debit, resumed } = run.order;
  // Nothing of it is ever sent.
  if (resumed) await run.before.sentIt();
  if (debit) {
    await run.step('Holding funds', (hub) => hub.holdFunds({ transactionId }), 'hold_refused');
    run.ifNotDone('give the hold back', (hub) => hub.releaseHold({ transactionId }));
    run.progress.at('held', 'Funds are held.');
  }
  await run.approval();
  await run.step('Booking the correction', (hub) => hub.bookCorrection({ transactionId }));
};
