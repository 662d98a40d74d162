import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { amountInput, email, id, idText, name, text } from '../../kit/shapes.ts';
import { MyTransaction } from '../../presenters/transaction.ts';
import { cancelTransaction } from '../cancel.ts';
import type { MoneyHub } from '../hub.ts';
import { transferOrder } from '../../../activities/intake/new-order.ts';
import { placeOrder } from '../intake/place-order.ts';
import { ownTransaction, showMyTransaction } from './show.ts';

const Body = z.strictObject({
  amount: amountInput('string'),
  sourceAccountId: id(),
  sourceCurrencyId: id().optional(),
  isInternal: z.boolean().meta({ description: 'true: to another client (not possible yet).' }),
  destinationAccountId: id().optional().meta({ description: 'Required when isInternal is false.' }),
  destinationCurrencyId: id().optional(),
  destinationAccountNumber: name(64).optional(),
  destinationClientId: id().optional(),
  destinationEmail: email().optional(),
  platformId: id().optional(),
});

const common = { tags: ['My money'] as [string], access: 'client' as const, answer: MyTransaction, idempotent: true };

/** POST /my/transfers and POST /my/transactions/{transactionId}/cancel. */
export const transferProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('POST /my/transfers', {
    ...common,
    summary: 'Transfer between own accounts',
    body: Body,
    status: 201,
    errors: [404],
    handle: async (call) => {
      const { actor, body } = call;
      if (body.isInternal) {
        throw new HubFailure('Unsupported', 'unsupported', 'Transfers to other clients are not possible yet.', {
          field: 'isInternal',
        });
      }
      const { destinationAccountId } = body;
      if (destinationAccountId === undefined) {
        throw problem(400, 'validation', 'destinationAccountId is required.', 'destinationAccountId');
      }
      const made = await placeOrder(hub, call, async (db) => {
        const order = await transferOrder(db, actor, {
          clientId: actor.id,
          sourceId: body.sourceAccountId,
          destinationId: destinationAccountId,
          amount: body.amount,
          fields: { source: 'sourceAccountId', destination: 'destinationAccountId' },
        });
        for (const field of ['sourceCurrencyId', 'destinationCurrencyId'] as const) {
          if (body[field] !== undefined && body[field] !== order.currency.numericCode) {
            throw problem(400, 'currency_mismatch', `The account is kept in ${order.currency.alphabeticCode}.`, field);
          }
        }
        return order;
      });
      return showMyTransaction(hub, made);
    },
  }),

  procedure('POST /my/transactions/{transactionId}/cancel', {
    ...common,
    summary: 'Stop a transaction while nothing was sent yet',
    params: z.object({ transactionId: idText() }),
    body: z.strictObject({ comment: text(500).optional() }).optional(),
    handle: async ({ actor, params: { transactionId }, body, requestId }) => {
      const { orderedByOperator } = await ownTransaction(hub, actor.id, transactionId);
      // A refund above all: it is the broker's wish.
      if (orderedByOperator)
        throw problem(403, 'restricted', 'Your broker ordered this: only your broker can stop it.');
      await cancelTransaction(hub, actor, transactionId, { ...body, requestId });
      return showMyTransaction(hub, transactionId);
    },
  }),
];
