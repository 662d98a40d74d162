import { condition, setHandler } from '@temporalio/workflow';
import type { MoneyInput } from '../../domain/money-order.ts';
import { TIMINGS } from '../../domain/timings.ts';
import { atProvider, internal, setPatience } from '../kit/activities.ts';
import { askUntilAnswered } from '../kit/ask-until-answered.ts';
import { providerNews } from '../kit/messages.ts';
import { Progress } from '../kit/progress.ts';

export interface PayoutReturnInput extends MoneyInput {
  connectionId: number;
}

/**
 * News about a payout that is over. Money that came back after `done` is credited, once. A payout that ended otherwise and was
 * paid nevertheless is shown to a person, because the client has his money twice.
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
  let outcome = 'nothing new';
  while (news > 0) {
    news = 0;
    const seen = await askUntilAnswered(progress, timings, 'how the payout stands', () =>
      atProvider(connectionId, 'Asking how the payout stands').findAftermath({ transactionId }),
    );
    if (!seen) continue;
    ({ outcome } = await internal('Booking what happened after the end').bookAftermath({ transactionId, seen }));
    if (outcome === 'paid although it ended') {
      const can = `settle payout ${transactionId} with the client or the provider, then cancel this run.`;
      progress.waitingFor('an operator: the provider paid a payout that had ended without being done', can, {
        human: true,
      });
      await condition(() => news > 0);
      progress.notWaiting();
    }
  }
  return { outcome };
}
