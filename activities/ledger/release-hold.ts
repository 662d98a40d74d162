import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import type { Activity } from '../kit/activity.ts';
import { holdKey } from './hold-funds.ts';

/** Gives the held amount back to the client. Harmless to repeat. */
export const releaseHold: Activity<{ transactionId: number }, void> = async ({ transactionId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const release = [{ do: 'release' as const, hold: holdKey(transactionId) }];
    const { replayed } = await post(db, `transaction:${transactionId}:release`, release);
    if (replayed) return;
    await recordAudit(db, {
      actor: 'workflow',
      action: 'hold.released',
      object: `transaction:${transactionId}`,
      ...run,
    });
  });
