import { patched } from '@temporalio/workflow';
import type { BalanceTicket } from '../../adapters/kit/trading.ts';
import type { MoneyInput, MoneyResult, OrderSide } from '../../domain/money-order.ts';
import { atProvider } from '../kit/activities.ts';
import { type Move, moveMoney, movedBefore } from '../kit/move-money.ts';
import { MoneyRun } from '../kit/money-run.ts';
import { correct } from './correction.ts';

type Platform = NonNullable<OrderSide['platform']>;

/**
 * Moves a client's money between his accounts. From a wallet: hold → (platform) → capture. From a trading account the platform
 * holds the money, so it pays first and the wallet is credited after.
 */
export async function transfer(input: MoneyInput): Promise<MoneyResult> {
  return new MoneyRun('transfer', input).tell(async (run) => {
    const { transactionId, debit: from, credit: to } = run.order;
    // The other side is the broker.
    if (!from || !to) return correct(run);

    const platform = from.platform ?? to.platform;
    const operation = platform && balanceOperation(run, platform, from.platform ? 'withdraw' : 'deposit');
    const book = () => run.book('Booking the transfer', (hub) => hub.bookTransfer({ transactionId }));
    if (operation)
      run.before.ifSent({
        find: async () => (await movedBefore(run, operation)) !== null && { book },
        bookAsSaid: book,
        approvedIsDone: false,
      });
    // Another run began it: until it is sure what that one moved, nothing may give the hold back.
    if (run.order.resumed && (await run.before.sentIt())) return;

    await run.step('Checking the accounts', (hub) => hub.assertMayTransfer({ transactionId }));
    if (!from.platform) {
      await run.step('Holding funds', (hub) => hub.holdFunds({ transactionId }), 'hold_refused');
      run.ifNotDone('give the hold back', (hub) => hub.releaseHold({ transactionId }));
      run.progress.at('held', 'Funds are held.');
    }
    if (run.order.approvals > 0) {
      await run.approval();
      await run.step('Checking that nothing changed meanwhile', (hub) => hub.assertMayTransfer({ transactionId }));
    }
    // What nothing is held for shows nowhere yet; once it is out of the trading account it must.
    if (from.platform && patched('shown-while-it-is-out'))
      await run.step('Noting that it is sent', (hub) => hub.noteSending({ transactionId }));
    if (operation) await moveMoney(run, operation);
    if (platform) await book();
    else await run.step('Booking the transfer', (hub) => hub.bookTransfer({ transactionId }));
  });
}

/** The balance operation on the trading platform. */
const balanceOperation = (
  { order: { transactionId } }: MoneyRun,
  { connectionId, provider, idempotency }: Platform,
  kind: 'deposit' | 'withdraw',
): Move<BalanceTicket> => ({
  say:
    kind === 'deposit'
      ? `Paying into the trading account on ${provider}`
      : `Taking from the trading account on ${provider}`,
  send: () => atProvider(connectionId, 'Changing the balance on the platform').applyBalance({ transactionId, kind }),
  ask: () =>
    atProvider(connectionId, 'Looking for the operation on the platform').findBalanceOperation({ transactionId, kind }),
  idempotency,
});
