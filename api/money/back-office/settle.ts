import { z } from 'zod';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { settleTransaction } from '../../../db/repositories/unsettled.ts';
import { isHubFailure } from '../../../domain/failures.ts';
import { type UserActor, actorName } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { idText, text } from '../../kit/shapes.ts';
import { Transaction } from '../../presenters/transaction.ts';
import type { MoneyHub } from '../hub.ts';
import { seenTransaction, showTransaction } from './show.ts';

/** POST /transactions/{transactionId}/settle. */
export const settleProcedure = (hub: MoneyHub): Procedure =>
  procedure('POST /transactions/{transactionId}/settle', {
    summary: 'Say that what a person had to look at is settled',
    description:
      'Of a transaction that is over and has `needsHuman`: a payout that was paid although it had ended, a deposit that was taken back and not covered, an odd amount. It moves nothing: correct the balance before. Nobody is asked about it again; when the provider says something else later, that is new.',
    tags: ['Transactions'],
    access: 'user',
    permission: 'transactions.update',
    params: z.object({ transactionId: idText() }),
    body: z.strictObject({
      comment: text(2000).meta({ description: 'How it was settled; kept in the audit.' }),
      needsHuman: z.string().max(10_000).optional().meta({
        description:
          'What you read there and have settled. 409 `not_waiting` with this field when it says something else by now: that is not settled yet. Without it whatever it says at that moment is.',
      }),
    }),
    answer: Transaction,
    errors: [409],
    idempotent: true,
    handle: async ({ actor, params: { transactionId }, body, requestId }) => {
      await seenTransaction(hub, actor, transactionId);
      await settle(hub, actor, transactionId, { ...body, requestId });
      await tellRunThatAsks(hub, actor, transactionId);
      return showTransaction(hub, actor, transactionId);
    },
  });

const settle = (
  { pool }: MoneyHub,
  actor: UserActor,
  transactionId: number,
  { comment, needsHuman, requestId }: { comment: string; needsHuman?: string | undefined; requestId: string },
): Promise<void> =>
  inTransaction(pool, async (db) => {
    const settled = await settleTransaction(db, transactionId);
    if (settled === null)
      throw problem(
        409,
        'not_waiting',
        'The transaction is not over, or nobody is asked about it: decide its request.',
      );
    // Who must not read it saw a mask.
    if (needsHuman !== undefined && needsHuman !== (actor.maskData ? '*' : settled.why))
      throw problem(409, 'not_waiting', 'It says something else by now: read it again.', 'needsHuman');
    await recordAudit(db, {
      actor: actorName(actor),
      action: 'transactions.settle',
      object: `transaction:${transactionId}`,
      before: { why: settled.why },
      after: { settled: settled.settled, comment },
      requestId,
    });
  });

/** It looks again, sees that there is nothing left to ask, and ends. It is settled also when the run cannot be told: then somebody cancels it. */
const tellRunThatAsks = async (hub: MoneyHub, actor: UserActor, transactionId: number): Promise<void> => {
  const { rows } = await hub.pool.query<{ workflowId: string }>(
    `select case when type = 'deposit' then 'arrivals:' || coalesce(provider_data ->> 'arrivalOf', reference) else 'payout-return:' || transaction_id end as "workflowId"
       from money_transaction where transaction_id = $1`,
    [transactionId],
  );
  const { workflowId } = rows[0]!;
  await hub
    .ask((steering) => steering.lookAgain(workflowId, `settled by ${actorName(actor)}`))
    .catch((error: unknown) => {
      if (!isHubFailure(error)) throw error;
    });
};
