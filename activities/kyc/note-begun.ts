import { inTransaction } from '../../db/pool.ts';
import { loadCase } from '../../db/repositories/kyc.ts';
import type { CaseState } from '../../domain/kyc.ts';
import type { Activity } from '../kit/activity.ts';

/** The provider knows the client. What had ended begins anew. */
export const noteBegun: Activity<{ caseId: number; providerId: string }, CaseState> = async (
  { caseId, providerId },
  { pool },
) =>
  inTransaction(pool, async (db) => {
    const { state } = await loadCase(db, caseId, true);
    const now = state === 'expired' || state === 'withdrawn' ? 'open' : state;
    await db.query(`update kyc_case set provider_id = $2, state = $3, update_time = now() where id = $1`, [
      caseId,
      providerId,
      now,
    ]);
    return now;
  });
