import { CancellationScope, condition, isCancellation, patched, setHandler } from '@temporalio/workflow';
import type { Aftermath } from '../../activities/payments/find-aftermath.ts';
import type { MoneyInput } from '../../domain/money-order.ts';
import { TIMINGS } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { askUntilAnswered } from '../kit/ask-until-answered.ts';
import { providerNews } from '../kit/messages.ts';
import { Progress } from '../kit/progress.ts';

export interface PayoutReturnInput extends MoneyInput {
  connectionId: number;
}

/** What histories of before have instead of a reason. */
const PAID = 'the provider paid a payout that had ended without being done';

/**
 * News about a payout that is over. Money that came back after `done` is credited, once. A payout that ended otherwise and was
 * paid nevertheless is shown to a person, because the client has his money twice. Who cancels the run says that what it shows is settled: nobody is asked
 * about that again.
 */
export async function payoutReturn({
  transactionId,
  connectionId,
  timings: given,
}: PayoutReturnInput): Promise<{ outcome: string }> {
  const timings = { ...TIMINGS, ...given };
  setPatience(timings);
  const progress = new Progress();
  let news = 1;
  setHandler(providerNews, () => {
    news += 1;
  });
  const saysWhose = patched('says-whose-money-it-is');
  if (saysWhose) {
    const subject = await internal('Reading whose payout it is').readSubject({ transactionId });
    progress.about({ kind: 'payout-return', ...subject });
  }
  let outcome = 'nothing new';
  let asked: Aftermath | null = null;
  try {
    while (news > 0) {
      news = 0;
      const seen = await askUntilAnswered(progress, timings, 'how the payout stands', () =>
        atProvider(connectionId, 'Asking how the payout stands').findAftermath({ transactionId }),
      );
      if (!seen) continue;
      const booked = await internal('Booking what happened after the end').bookAftermath({ transactionId, seen });
      outcome = booked.outcome;
      const why = booked.why ?? (outcome === 'paid although it ended' ? PAID : null);
      asked = why === null ? null : seen;
      if (why === null) continue;
      const can = `settle payout ${transactionId} with the client or the provider, then say so: \`POST /transactions/${transactionId}/settle\`, or cancel this run.`;
      progress.at('assistance', why);
      progress.waitingFor(`an operator: ${why}`, can, { human: true });
      await condition(() => news > 0);
      progress.notWaiting();
    }
  } catch (error) {
    if (isCancellation(error) && patched('who-cancels-has-settled-it')) {
      progress.at('done', asked ? 'Cancelled: what it showed is settled.' : 'Cancelled.');
      progress.notWaiting();
      if (asked) await noteSettled(transactionId, asked);
    }
    throw error;
  }
  if (saysWhose) progress.ends('done', `Nothing is left to do: ${outcome}.`);
  return { outcome };
}

/** He is not asked about it again. */
const noteSettled = (transactionId: number, seen: Aftermath): Promise<void> =>
  CancellationScope.nonCancellable(() => internal('Noting what was settled').settleAftermath({ transactionId, seen }));
