import type { MoneyInput, MoneyResult } from '../../domain/money-order.ts';
import { MoneyRun } from '../kit/money-run.ts';
import { openDeposit, type Received, receiveArrival, receiveInvoice } from '../kit/receive-money.ts';

/** Takes client money in: wait for it → look at it → approve → credit what came, never what was asked. */
export async function deposit(input: MoneyInput): Promise<MoneyResult> {
  return new MoneyRun('deposit', input).tell(async (run) => {
    const { transactionId } = run.order;
    await run.step('Checking the account', (hub) => hub.assertMayDeposit({ transactionId }));
    const { received, payments, reviewed } = await money(run);
    const credited = reviewed ? received : await run.approval(received);
    await run.moneyIsHere();
    await run.book('Crediting the account', (hub) => hub.bookDeposit({ transactionId, received: credited, payments }));
  });
}

/** By bank nobody but a person can see that money came: its approval, which is never left out, is the receipt. */
const money = async (run: MoneyRun): Promise<Received> => {
  const { arrival, method, amount } = run.order;
  if (arrival) return receiveArrival(run, arrival);
  if (method!.flow === 'invoice') return receiveInvoice(run);
  if (method!.tellsPayer) await openDeposit(run);
  return { received: amount, payments: [], reviewed: false };
};
