import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import { lockTransaction } from '../../db/repositories/transactions.ts';
import { isFinal } from '../../domain/stages.ts';
import type { Activity } from '../kit/activity.ts';
import { assertMayGiveUp } from '../transactions/own-run.ts';
import { holdKey } from './hold-funds.ts';

/** Gives the held amount back to the client. Harmless to repeat. Throws `Rejected` (another_run) where another run may have sent it. */
export const releaseHold: Activity<{ transactionId: number }, void> = async ({ transactionId }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const transaction = await lockTransaction(db, transactionId);
    if (isFinal(transaction.stage)) return; // nothing of it is held any more
    assertMayGiveUp(transaction, run);
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
