import type { ProviderNews } from '../../adapters/kit/webhooks.ts';
import { type Standing, standingsOf } from '../../db/repositories/unsigned-wakes.ts';
import type { Tools } from '../kit/activity.ts';
import { type Match, type Read, subjectOf } from './matches.ts';

/** News that nothing proves, about something we know. */
export interface Unsigned {
  subject: string;
  standing: Standing;
}

/** Which of the news nothing proves, and whether they may wake a run. */
export const unsignedAmong = async (
  { pool, unsignedWakes }: Pick<Tools, 'pool' | 'unsignedWakes'>,
  read: readonly Read[],
  matches: ReadonlyMap<ProviderNews, Match>,
): Promise<Map<ProviderNews, Unsigned>> => {
  const about = read.flatMap(({ webhook, news }) => {
    if (!webhook.unsigned) return [];
    return news.flatMap((one) => {
      const match = matches.get(one);
      const subject = match ? subjectOf(match, one) : null;
      return subject === null ? [] : [{ news: one, webhookId: webhook.id, subject }];
    });
  });
  const standings = await standingsOf(pool, about, unsignedWakes);
  return new Map(about.map(({ news, subject }, i) => [news, { subject, standing: standings[i]! }]));
};
