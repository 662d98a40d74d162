import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import type { Activity } from '../kit/activity.ts';
import { holdKey } from './hold-funds.ts';

/** Gives the held amount back to the client. */
export const releaseHold: Activity<{ transactionId: number }, void> = async ({ transactionId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    await post(db, `transaction:${transactionId}:release`, [{ do: 'release', hold: holdKey(transactionId) }]);
    await recordAudit(db, {
      actor: 'workflow',
      action: 'hold.released',
      object: `transaction:${transactionId}`,
      ...run,
    });
  });
