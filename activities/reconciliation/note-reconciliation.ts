import { dropOldMovements } from '../../db/repositories/provider-books.ts';
import {
  loadReconciliation,
  noteReconciliation as note,
  type ReconciliationNews,
} from '../../db/repositories/reconciliations.ts';
import type { Activity } from '../kit/activity.ts';

/** Shows in the row how far a comparison is, and what it waits for. Harmless to repeat. Answers how many differences it has found. */
export const noteReconciliation: Activity<
  { reconciliationId: number } & Omit<ReconciliationNews, 'found' | 'resolved'>,
  { found: number; resolved: number }
> = async ({ reconciliationId, ...news }, { pool }) => {
  const counted = await note(pool, reconciliationId, news);
  if (news.state === 'done')
    await dropOldMovements(pool, (await loadReconciliation(pool, reconciliationId)).connectionId);
  return counted;
};
