import { loadOperatorRights } from '../../db/repositories/operators.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import type { CancelledBy, CancelWish } from '../../domain/cancelling.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Activity } from '../kit/activity.ts';

export interface CancelToJudge {
  transactionId: number;
  wish: CancelWish;
}

/**
 * Who stops a movement. Whom the API vouches for, it has judged; a word from Temporal UI is judged as a decision from there is. Throws `Rejected`
 * (forbidden).
 */
export const judgeCancel: Activity<CancelToJudge, CancelledBy> = async (
  { transactionId, wish },
  { pool, provesCancel, unprovenDecisions, run },
) => {
  const { by: actor, comment = null, requestId = null, proof } = wish;
  if (proof !== undefined) {
    if (!provesCancel(run.workflowId, wish)) throw forbidden('The proof of this cancellation is not ours.');
    return { actor, via: 'api', comment, requestId };
  }
  if (unprovenDecisions === 'refuse')
    throw forbidden('Decisions from Temporal UI are switched off (TEMPORAL_UI_DECISIONS).');
  const userId = Number(actor.replace('user:', ''));
  const { clientId } = await loadTransaction(pool, transactionId);
  const { may, sees } = await loadOperatorRights(pool, { userId, permission: 'transactions.update', clientId });
  if (may === null) throw forbidden(`There is no active user ${userId}.`);
  if (!may || !sees) throw forbidden(`User ${userId} may not cancel this transaction.`);
  return { actor, via: 'temporal-ui', comment, requestId };
};

const forbidden = (issue: string): HubFailure => new HubFailure('Rejected', 'forbidden', issue);
