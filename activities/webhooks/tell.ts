import type { ProviderNews } from '../../adapters/kit/webhooks.ts';
import type { WebhookRow } from '../../db/repositories/webhooks.ts';
import type { Steer } from '../kit/activity.ts';
import type { Match } from './matches.ts';

/** What became of one piece of news. */
export type Told = { to: string } | { parked: string } | { ignored: string };

/** How runs are told that there is news. */
export type Runs = Pick<Steer, 'news' | 'arrivals' | 'payoutReturn' | 'verification'>;

/** Tells each run once, whatever more there is for it: it asks the provider itself, and that later than all of this came. */
export const tellingOnce = (steer: Runs): Runs => {
  const told = new Map<string, Promise<unknown>>();
  const once = <T>(workflowId: string, telling: () => Promise<T>): Promise<T> => {
    const answer = (told.get(workflowId) as Promise<T> | undefined) ?? telling();
    told.set(workflowId, answer);
    return answer;
  };
  return {
    news: (what) => once(what.workflowId, () => steer.news(what)),
    verification: (what) => once(what.workflowId, () => steer.verification(what)),
    arrivals: (what) => once(`arrivals:${what.reference}`, () => steer.arrivals(what)),
    payoutReturn: (what) => once(`payout-return:${what.transactionId}`, () => steer.payoutReturn(what)),
  };
};

/** Brings a piece of news to the run it is for. */
export const tell = async (
  runs: Runs,
  { id: webhookId, connectionId }: WebhookRow,
  news: ProviderNews,
  match: Match,
): Promise<Told> => {
  const said = news.said;
  if (match.caseId !== null) {
    const { caseId, caseWorkflowId: workflowId } = match;
    await runs.verification({ caseId, workflowId, webhookId, said });
    return { to: workflowId };
  }
  if (match.transactionId !== null) {
    const { transactionId, workflowId, type, reference } = match;
    if (!match.over) {
      const sent = await runs.news({
        workflowId,
        type: type === 'withdrawal' ? 'payout' : 'deposit',
        transactionId,
        webhookId,
        said,
      });
      if (sent === 'delivered') return { to: workflowId };
    }
    // The run is over. A payout may come back; a deposit may be paid late or twice.
    if (type === 'withdrawal') {
      await runs.payoutReturn({ transactionId, connectionId, webhookId, said });
      return { to: `payout-return:${transactionId}` };
    }
    // What was taken back of it may be there after all.
    const isBooked = !news.paymentId || match.credited.includes(news.paymentId);
    if (!news.reverses && isBooked && !match.reversed)
      return { ignored: 'the deposit is over and this payment is booked' };
    await runs.arrivals({ reference, connectionId, webhookId, said });
    return { to: `arrivals:${reference}` };
  }
  if (match.address && news.reference) {
    await runs.arrivals({ reference: news.reference, connectionId, webhookId, said });
    return { to: `arrivals:${news.reference}` };
  }
  return { parked: 'it names nothing we know' };
};
