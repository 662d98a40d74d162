import { beginReconciliation, loadReconciliation } from '../../db/repositories/reconciliations.ts';
import type { Activity } from '../kit/activity.ts';
import { type Books, booksOf } from './books-of.ts';

export interface WindowFacts {
  connectionId: number;
  /** The connection's name. */
  connection: string;
  provider: string;
  /** Milliseconds, `to` excluded. */
  from: number;
  to: number;
  /** Null: the provider shows none. */
  books: Books | null;
}

/** What is to be compared. `margin`: how many milliseconds before the window the books are read. */
export const prepareReconciliation: Activity<{ reconciliationId: number; margin: number }, WindowFacts> = async (
  { reconciliationId, margin },
  { pool, provider: find },
) => {
  const { connectionId, connection, provider, from, to } = await loadReconciliation(pool, reconciliationId);
  await beginReconciliation(pool, reconciliationId, new Date(from.getTime() - margin));
  const books = booksOf(find(provider));
  return { connectionId, connection, provider, from: from.getTime(), to: to.getTime(), books };
};
