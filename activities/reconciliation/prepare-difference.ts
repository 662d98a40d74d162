import { loadDifference } from '../../db/repositories/differences.ts';
import type { DifferenceKind, DifferenceState } from '../../domain/reconciliation.ts';
import type { Activity } from '../kit/activity.ts';
import { type Books, booksOf } from './books-of.ts';

export interface DifferenceNow {
  connectionId: number;
  /** The comparison that found it. */
  reconciliationId: number;
  connection: string;
  provider: string;
  clientId: number | null;
  accountId: number | null;
  kind: DifferenceKind;
  state: DifferenceState;
  why: string;
  /** How it ended. */
  note: string | null;
  /** When it moved, milliseconds. */
  at: number;
  books: Books | null;
}

/** Reads a difference as it is now. Its run has begun. */
export const prepareDifference: Activity<{ differenceId: number }, DifferenceNow> = async (
  { differenceId },
  { pool, provider: find },
) => {
  await pool.query(
    `update reconciliation_difference set workflow_started = true where id = $1 and not workflow_started`,
    [differenceId],
  );
  const row = await loadDifference(pool, differenceId);
  const { connectionId, reconciliationId, connection, provider, clientId, accountId, kind, state, why, note, at } = row;
  const books = booksOf(find(provider));
  return {
    connectionId,
    reconciliationId,
    connection,
    provider,
    clientId,
    accountId,
    kind,
    state,
    why,
    note,
    at: at.getTime(),
    books,
  };
};
