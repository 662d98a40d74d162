import { orderReconciliation } from '../../db/repositories/reconciliations.ts';
import type { Activity, Tools } from '../kit/activity.ts';

const DAY = 86_400_000;
/** After a long silence only the last days are compared; older ones by hand. */
const LONGEST_BACKLOG = 7;

/**
 * Starts the comparison of every day (UTC) that is over and was not compared yet, for each connection that moves money. `settle`: how many milliseconds
 * a day has to be over. Harmless to repeat.
 */
export const startReconciliations: Activity<{ settle: number }, { started: number }> = async (
  { settle },
  { pool, provider, steer },
) => {
  const today = Math.floor((Date.now() - settle) / DAY) * DAY;
  const { rows } = await pool.query<{ id: number; provider: string; until: Date | null }>(
    `select c.id, c.provider, (select max(window_to) from reconciliation r where r.connection_id = c.id and r.window_to <= $1
              and extract(epoch from r.window_to)::bigint % 86400 = 0) as until
       from connection c where c.enabled order by c.id`,
    [new Date(today)],
  );
  let started = 0;
  for (const { id: connectionId, provider: name, until } of rows) {
    if (!movesMoney(provider, name)) continue;
    const first = Math.max(until?.getTime() ?? today - DAY, today - LONGEST_BACKLOG * DAY);
    for (let day = first; day < today; day += DAY) {
      const window = { connectionId, from: new Date(day), to: new Date(day + DAY), user: null };
      const ordered = await orderReconciliation(pool, window);
      if (!ordered) continue;
      await steer.startWaiting({ ...ordered, type: 'reconciliation' });
      started += 1;
    }
  }
  return { started };
};

const movesMoney = (provider: Tools['provider'], id: string): boolean => {
  try {
    return ['payments', 'trading'].includes(provider(id).category);
  } catch {
    return false; // its adapter is not installed here
  }
};
