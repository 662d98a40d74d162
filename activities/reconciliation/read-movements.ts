import { keepMovements } from '../../db/repositories/provider-books.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';

export interface Stretch {
  connectionId: number;
  /** Milliseconds, whole seconds, `to` excluded. */
  from: number;
  to: number;
}

/** Reads what a payment provider settled in a stretch of time, and keeps it beside our books. Harmless to repeat. */
export const readMovements: Activity<Stretch, { movements: number }> = async (
  { connectionId, from, to },
  { pool, open, signal },
) => {
  const { adapter, ctx } = await open('payments', connectionId, signal);
  if (!adapter.listMovements) throw new HubFailure('Unsupported', 'unsupported', 'The provider shows no books.');
  const listed = await adapter.listMovements(ctx, { from, to });
  const movements = listed.filter(({ at }) => at >= from && at < to);
  await keepMovements(pool, { connectionId, accountId: null, from: new Date(from), to: new Date(to), movements });
  return { movements: movements.length };
};
