import type { MoneyInput, MoneyResult } from '../../domain/money-order.ts';
import { MoneyRun } from '../kit/money-run.ts';
import { type Received, receiveArrival, receiveInvoice } from '../kit/receive-money.ts';

/** Takes client money in: wait for it → look at it → approve → credit what came, never what was asked. */
export async function deposit(input: MoneyInput): Promise<MoneyResult> {
  return new MoneyRun('deposit', input).tell(async (run) => {
    const { transactionId, arrival, method } = run.order;
    await run.step('Checking the account', (hub) => hub.assertMayDeposit({ transactionId }));

    let money: Received;
    if (arrival) {
      money = await receiveArrival(run, arrival);
      if (run.progress.stage !== 'review') await run.approval();
    } else if (method!.flow === 'invoice') {
      money = await receiveInvoice(run);
      if (run.progress.stage !== 'review') await run.approval();
    } else {
      // Nobody but a person can see that money came to the bank: the approval is the receipt.
      const { amount } = await run.approval(run.order.approvals === 2 ? 2 : 1);
      money = { received: amount, payments: [] };
    }
    await run.book('Crediting the account', (hub) => hub.bookDeposit({ transactionId, ...money }));
  });
}
