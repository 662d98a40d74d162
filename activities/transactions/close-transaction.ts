import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { isHeld, post } from '../../db/repositories/ledger.ts';
import { closeRequests, resolutionText } from '../../db/repositories/requests.ts';
import { paymentNamed, settle } from '../../db/repositories/settled-payments.ts';
import { isCorrection, lockTransaction, lookAgain, setStage } from '../../db/repositories/transactions.ts';
import type { CancelledBy } from '../../domain/cancelling.ts';
import { isFinal, type Stage } from '../../domain/stages.ts';
import { REJECTED, toldClient } from '../../domain/told-client.ts';
import type { Activity } from '../kit/activity.ts';
import { holdKey } from '../ledger/hold-funds.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellClient } from '../messaging/tell-client.ts';
import { assertMayGiveUp } from './own-run.ts';

export interface Closing {
  transactionId: number;
  stage: Stage;
  reason: string;
  /** For operators. */
  issue: string;
  resolutionId: number | null;
  /** What the provider calls the payments that were looked at. Absent in histories of before. */
  payments?: readonly string[];
  /** Who stopped it. Null or absent: it ended otherwise. */
  cancelledBy?: CancelledBy | null;
}

/**
 * Ends a transaction that did not reach `done`: its stage, why, and whatever request is still open. Nothing of it stays held. Throws `Rejected` (another_run)
 * where another run may have sent it.
 */
export const closeTransaction: Activity<Closing, void> = async (
  { transactionId, stage, reason, issue, resolutionId, payments = [], cancelledBy = null },
  { pool, run, ring, steer },
) => {
  const messages = await inTransaction(pool, async (db) => {
    await closeRequests(db, transactionId, 'rejected', operatorOf(cancelledBy));
    const transaction = await lockTransaction(db, transactionId);
    const { type, stage: before, providerId, reference, providerData } = transaction;
    // Closed by an attempt before this one, and more may have come after.
    if (isFinal(before)) return [];
    assertMayGiveUp(transaction, run);
    if (await isHeld(db, holdKey(transactionId)))
      await post(db, `transaction:${transactionId}:release`, [{ do: 'release', hold: holdKey(transactionId) }]);
    const saysNothing = issue === REJECTED;
    const resolution = (saysNothing ? await resolutionText(db, resolutionId) : null) ?? toldClient(reason, issue);
    await setStage(db, transactionId, stage, {
      resolution,
      why: saysNothing ? null : issue,
      resolutionId,
      needsHuman: null,
    });
    if (stage === 'failed' && reason === 'provider_refused') {
      // A payment the provider called failed may be there after all: then it becomes a deposit of its own.
      await db.query(`update money_transaction set arrival = null where transaction_id = $1`, [transactionId]);
    }
    if (stage === 'rejected' && payments.length > 0) {
      const { arrivalOf = reference } = providerData as { arrivalOf?: string };
      await settle(db, arrivalOf, payments.map(paymentNamed), 'rejected');
    }
    if (type === 'deposit' && providerId !== null) {
      // The page is known to the client: he may still pay it, and the callback may be lost.
      await lookAgain(db, transactionId, '1 hour');
    }
    await recordAudit(db, {
      actor: cancelledBy?.actor ?? 'workflow',
      action: `${type}.${stage}`,
      object: `transaction:${transactionId}`,
      after: { stage, reason, ...(cancelledBy && { via: cancelledBy.via, comment: cancelledBy.comment }) },
      ...(cancelledBy?.requestId && { requestId: cancelledBy.requestId }),
      ...run,
    });
    if (stage !== 'rejected' || isCorrection(transaction)) return [];
    return tellClient(db, ring, 'RequestRejected', { transactionId, amount: null, reason: resolution });
  });
  await startMessages(steer, messages);
};

/** Whose end of the request it is, when it is an operator's. */
const operatorOf = (by: CancelledBy | null): { userId: number | null; comment: string | null } => {
  const [, id] = /^user:(\d+)$/.exec(by?.actor ?? '') ?? [];
  return id === undefined ? { userId: null, comment: null } : { userId: Number(id), comment: by!.comment };
};
