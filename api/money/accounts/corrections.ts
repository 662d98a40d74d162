import { z } from 'zod';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { amountInput, id, idText, text } from '../../kit/shapes.ts';
import { Transaction } from '../../presenters/transaction.ts';
import { showTransaction } from '../back-office/show.ts';
import type { MoneyHub } from '../hub.ts';
import { correctionOrder } from '../intake/correction-order.ts';
import { placeOrder } from '../intake/place-order.ts';

const Body = z.strictObject({
  direction: z.enum(['fromClient', 'toClient'], 'must be fromClient or toClient'),
  amount: amountInput('string').meta({ description: 'In the currency of the wallet.' }),
  against: z.union([z.literal('suspense'), z.strictObject({ connectionId: id() })]).meta({
    description: 'The other side: suspense, where what clients owe is, or the clearing of a payment connection.',
  }),
  reason: text(2000).trim().min(3, 'must say why').meta({ description: 'For operators and the audit log.' }),
  settles: id().optional().meta({
    description:
      'The transaction of this account that it puts right: the deposit that was taken back, the payout that was paid twice.',
  }),
  besides: z.array(id()).max(100).optional().meta({
    description:
      'Corrections of the same transaction in the same direction that this one comes on top of. 409 names those that are missing here: it may be the same thing once more.',
  }),
});

/** POST /accounts/{accountId}/corrections. */
export const correctionProcedure = (hub: MoneyHub): Procedure =>
  procedure('POST /accounts/{accountId}/corrections', {
    summary: "Put a client's wallet right against the broker's own books",
    description:
      'Answers with a transfer that has one side. What is taken is held at once; another person always approves. Allowed for clients who are not active; never below what the wallet has.',
    tags: ['Accounts'],
    access: 'user',
    permission: 'accounts.correct',
    confirm: true,
    params: z.object({ accountId: idText() }),
    body: Body,
    answer: Transaction,
    status: 201,
    errors: [404],
    idempotent: true,
    handle: async (call) => {
      const { actor, params, body } = call;
      const made = await placeOrder(hub, call, (db) => correctionOrder(db, actor, params.accountId, body));
      return showTransaction(hub, actor, made);
    },
  });
