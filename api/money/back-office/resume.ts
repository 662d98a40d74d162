import { z } from 'zod';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { noteBegunElsewhere } from '../../../db/repositories/begun-by.ts';
import { loadTransaction } from '../../../db/repositories/transactions.ts';
import { askNoMoreAboutItsRun } from '../../../db/repositories/unsettled.ts';
import { isFinal } from '../../../domain/stages.ts';
import { actorName } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { idText, text } from '../../kit/shapes.ts';
import { Transaction } from '../../presenters/transaction.ts';
import type { MoneyHub } from '../hub.ts';
import { seenTransaction, showTransaction } from './show.ts';

/** POST /transactions/{transactionId}/resume. */
export const resumeProcedure = (hub: MoneyHub): Procedure =>
  procedure('POST /transactions/{transactionId}/resume', {
    summary: 'Go on with a transaction whose run was ended from outside',
    description:
      'Of a transaction that is not over and whose run was terminated in Temporal, or failed for good: `needsHuman` says so. Another run takes it over. Before anything else it asks the provider what the one before has sent; only when that is sure it goes on, asks for approval once more where it is needed, or gives back what is held.',
    tags: ['Transactions'],
    access: 'user',
    permission: 'transactions.update',
    params: z.object({ transactionId: idText() }),
    body: z.strictObject({ comment: text(2000).optional().meta({ description: 'Why; kept in the audit.' }) }),
    answer: Transaction,
    errors: [409],
    idempotent: true,
    handle: async ({ actor, params: { transactionId }, body, requestId }) => {
      await seenTransaction(hub, actor, transactionId);
      const { type, stage, workflowId } = await loadTransaction(hub.pool, transactionId);
      if (isFinal(stage)) throw problem(409, 'not_waiting', `The transaction is over: ${stage}.`);
      if (await hub.ask((steering) => steering.isRunning(workflowId)))
        throw problem(409, 'not_waiting', 'Its run goes on: decide its request, or cancel it.');
      await noteBegunElsewhere(hub.pool, 'money_transaction', transactionId);
      const kind = type === 'withdrawal' ? 'payout' : type;
      // Kept only when it is begun.
      await inTransaction(hub.pool, async (db) => {
        await recordAudit(db, {
          actor: actorName(actor),
          action: 'transactions.resume',
          object: `transaction:${transactionId}`,
          after: { stage, ...body },
          requestId,
        });
        await hub.ask((steering) => steering.resumeMoney(kind, transactionId));
        await askNoMoreAboutItsRun(db, transactionId);
      });
      return showTransaction(hub, actor, transactionId);
    },
  });
