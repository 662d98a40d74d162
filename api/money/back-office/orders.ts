import { z } from 'zod';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { amountInput, freeForm, id, text } from '../../kit/shapes.ts';
import { Transaction } from '../../presenters/transaction.ts';
import type { MoneyHub } from '../hub.ts';
import { paymentOrder, transferOrder } from '../../../activities/intake/new-order.ts';
import { placeOrder } from '../intake/place-order.ts';
import { showTransaction } from './show.ts';

const fee = () => amountInput('string', { zero: true }).optional();

const PaymentBody = z.strictObject({
  accountId: id(),
  methodId: id().meta({ description: 'A manual method.' }),
  amount: amountInput('number'),
  currencyCode: id().optional().meta({
    description:
      "Numeric code of what is paid in or out, where it is not the account's currency. `amount` is what is paid in, or what leaves the account.",
  }),
  vendorCommission: fee().meta({ description: 'Default: by the rules of the method.' }),
  providerCommission: fee().meta({
    description:
      'What the bank took of it, in the currency that is paid in or out: the broker bears it, and the bank has so much less of his. Default: nothing.',
  }),
  data: freeForm().optional().meta({ description: "Values of the method's fields, by their id." }),
  comment: text(2000).optional(),
});

const TransferBody = z.strictObject({
  clientId: id(),
  sourceId: id(),
  destinationId: id(),
  amount: amountInput('string'),
});

const common = {
  tags: ['Transactions'] as [string],
  access: 'user' as const,
  answer: Transaction,
  status: 201,
  errors: [404],
  idempotent: true,
};

const payment = (hub: MoneyHub, type: 'deposit' | 'withdrawal'): Procedure =>
  procedure(`POST /${type}s`, {
    ...common,
    summary: type === 'deposit' ? 'Enter a deposit made outside' : 'Enter a withdrawal to be paid outside',
    description:
      'Manual methods only. The operator who enters it is the requester: another person approves it, as the approval policies say.',
    permission: `${type}s.create`,
    confirm: true,
    body: PaymentBody,
    handle: async (call) => {
      const made = await placeOrder(hub, call, (db) =>
        paymentOrder(db, call.actor, type, { ...call.body, manualOnly: true }),
      );
      return showTransaction(hub, call.actor, made);
    },
  });

/** POST /deposits, /withdrawals and /transfers: what an operator enters for a client. */
export const orderProcedures = (hub: MoneyHub): Procedure[] => [
  payment(hub, 'deposit'),
  payment(hub, 'withdrawal'),
  procedure('POST /transfers', {
    ...common,
    summary: 'Transfer between two accounts of a client',
    permission: 'transfers.create',
    confirm: true,
    body: TransferBody,
    handle: async (call) => {
      const made = await placeOrder(hub, call, (db) =>
        transferOrder(db, call.actor, {
          ...call.body,
          fields: { source: 'sourceId', destination: 'destinationId' },
        }),
      );
      return showTransaction(hub, call.actor, made);
    },
  }),
];
