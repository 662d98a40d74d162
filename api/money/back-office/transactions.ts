import { z } from 'zod';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { type UserActor, actorName } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { amountInput, idText, text } from '../../kit/shapes.ts';
import { Transaction } from '../../presenters/transaction.ts';
import { cancelTransaction } from '../cancel.ts';
import type { MoneyHub } from '../hub.ts';
import { placeOrder } from '../intake/place-order.ts';
import { refundOrder } from '../intake/refund-order.ts';
import { decideRequest, type Verdict } from './decide.ts';
import { seenTransaction, showTransaction, type TransactionFacts } from './show.ts';

const params = z.object({ transactionId: idText() });

const Body = z
  .strictObject({
    status: z.enum(['done', 'failed', 'inProgress'], 'must be done, failed or inProgress').optional().meta({
      description:
        'What an operator found out about a transaction in status partial or assistance. inProgress: keep asking the provider.',
    }),
    comment: text(2000).nullable().optional(),
  })
  .refine((body) => body.status !== undefined || body.comment !== undefined, 'must hold at least one field');

const VERDICT: Record<'done' | 'failed' | 'inProgress', Verdict> = {
  done: 'yes',
  failed: 'no',
  inProgress: 'continue',
};

/** PUT and PATCH /transactions/{transactionId}, POST /transactions/{transactionId}/cancel. */
export const transactionProcedures = (hub: MoneyHub): Procedure[] => [
  ...updateProcedures('/transactions/{transactionId}', {
    summary: 'Resolve a transaction that stopped half-way, or comment on it',
    description: 'Resolving is a decision on its open request, so it needs `requests.update` as well.',
    tags: ['Transactions'],
    access: 'user',
    permission: 'transactions.update',
    params,
    body: Body,
    answer: Transaction,
    errors: [409],
    handle: async ({ actor, params: { transactionId }, body, requestId }) => {
      const transaction = await seenTransaction(hub, actor, transactionId);
      if (body.status !== undefined) {
        const applicationId = await openQuestion(hub, transactionId);
        await decideRequest(
          hub,
          actor,
          applicationId,
          VERDICT[body.status],
          body.comment ? { comment: body.comment } : {},
        );
      }
      if (body.comment !== undefined) await setComment(hub, actor, transaction, body.comment, requestId);
      return showTransaction(hub, actor, transactionId);
    },
  }),

  procedure('POST /transactions/{transactionId}/cancel', {
    summary: 'Stop a transaction while nothing was sent yet',
    tags: ['Transactions'],
    access: 'user',
    permission: 'transactions.update',
    params,
    body: z.strictObject({ comment: text(500).optional() }).optional(),
    answer: Transaction,
    errors: [409],
    idempotent: true,
    handle: async ({ actor, params: { transactionId }, body, requestId }) => {
      await seenTransaction(hub, actor, transactionId);
      await cancelTransaction(hub, actor, transactionId, { ...body, requestId });
      return showTransaction(hub, actor, transactionId);
    },
  }),
];

const RefundBody = z.strictObject({
  amount: amountInput('string').optional().meta({ description: 'Default: all that is left of the deposit.' }),
  comment: text(2000).optional(),
});

/** POST /transactions/{transactionId}/refund. */
export const refundProcedure = (hub: MoneyHub): Procedure =>
  procedure('POST /transactions/{transactionId}/refund', {
    summary: 'Give a deposit back the way it came',
    description:
      "Answers with the refund: a withdrawal of its own, linked by `refundOf`. The money is taken from the wallet the deposit was credited to; never more than is left of the deposit. Who orders it does not approve it, as the policies for withdrawals say. The broker's commission is not given back by it.",
    tags: ['Transactions'],
    access: 'user',
    permission: 'deposits.refund',
    confirm: true,
    params,
    body: RefundBody.optional(),
    answer: Transaction,
    status: 201,
    errors: [404],
    idempotent: true,
    handle: async (call) => {
      const { actor, params: of, body = {} } = call;
      await seenTransaction(hub, actor, of.transactionId);
      const made = await placeOrder(hub, call, (db) => refundOrder(hub, db, actor, of.transactionId, body));
      return showTransaction(hub, actor, made);
    },
  });

/** The open request in which the hub asks what became of a transaction; approvals are given at /applications. */
const openQuestion = async ({ pool }: MoneyHub, transactionId: number): Promise<number> => {
  const { rows } = await pool.query<{ id: number }>(
    `select id from application where transaction_id = $1 and purpose in ('assistance', 'review') order by (status_id in (0, 3)) desc, id desc limit 1`,
    [transactionId],
  );
  if (rows[0]) return rows[0].id;
  throw problem(409, 'not_waiting', 'The transaction waits for nobody to resolve it.', 'status');
};

const setComment = (
  { pool }: MoneyHub,
  actor: UserActor,
  transaction: TransactionFacts,
  comment: string | null,
  requestId: string,
): Promise<void> =>
  inTransaction(pool, async (db) => {
    await db.query(`update money_transaction set comment = $2, update_time = now() where transaction_id = $1`, [
      transaction.id,
      comment,
    ]);
    await recordAudit(db, {
      actor: actorName(actor),
      action: 'transactions.update',
      object: `transaction:${transaction.id}`,
      before: { comment: transaction.comment },
      after: { comment },
      requestId,
    });
  });
