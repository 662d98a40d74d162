import { inTransaction } from '../../db/pool.ts';
import { linkMovements, loadPairs, subjectOf } from '../../db/repositories/book-pairs.ts';
import { loadDifference } from '../../db/repositories/differences.ts';
import type { Activity } from '../kit/activity.ts';
import { judged, writeFindings } from './write-findings.ts';

/** Compares both sides of one open difference as they are known now; it changes, or ends by itself. Its own run asks, so nobody has to be told. */
export const compareDifference: Activity<{ differenceId: number }, void> = async ({ differenceId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const { connectionId, reconciliationId, accountId, provider, subject, state } = await loadDifference(
      db,
      differenceId,
    );
    const about = subjectOf(subject);
    if (state !== 'open' || about.of === 'account') return;
    const { rows } = await db.query<{ id: string }>(
      `select id from provider_movement where connection_id = $1 and not matched and account_id is not distinct from $2 order by id desc limit 1000`,
      [connectionId, accountId],
    );
    await linkMovements(
      db,
      connectionId,
      rows.map(({ id }) => id),
    );
    const now = new Date();
    const pairs = await loadPairs(db, { connectionId, coveredFrom: now, lateBefore: now }, [about]);
    await writeFindings(db, { reconciliationId, connectionId, provider }, judged(pairs), run);
  });
