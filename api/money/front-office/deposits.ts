import { z } from 'zod';
import { loadMethodFacts } from '../../../db/repositories/orders.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { amountInput, freeForm, id } from '../../kit/shapes.ts';
import type { MoneyHub } from '../hub.ts';
import { paymentOrder } from '../../../activities/intake/new-order.ts';
import { placeOrder } from '../intake/place-order.ts';
import { addressAnswer, asyncAnswer, DepositAnswer, placedAnswer, previewAnswer } from './deposit-answers.ts';

const Body = z.strictObject({
  accountId: id(),
  methodId: id(),
  currencyCode: id().meta({
    description:
      "Numeric code of what the client pays: the account's currency, or another one that the method takes. Then the rate is quoted, and stands for a quarter of an hour.",
  }),
  amount: amountInput('number')
    .nullable()
    .optional()
    .meta({ description: 'What the client pays, in that currency. Not needed where the method has hideAmount.' }),
  isPretend: z.boolean().optional().meta({ description: 'true: only say what would happen.' }),
  appInstanceId: z.string().max(200).optional(),
  data: freeForm().nullable().optional().meta({ description: "Values of the method's fields, by their id." }),
});

const deposit = (hub: MoneyHub, path: '/my/deposits' | '/my/deposits/sync', wait: boolean): Procedure =>
  procedure(`POST ${path}`, {
    summary: wait ? 'Deposit money and hear what to do next' : 'Deposit money',
    description: wait
      ? 'Answers with where to pay: a page, an address, an instruction. `deposit_async` when the provider has not answered yet: repeat it under the same Idempotency-Key, or read the transaction.'
      : 'Returns at once; the transaction tells what becomes of it, and in `data.action` where to pay.',
    tags: ['My money'],
    access: 'client',
    body: Body,
    answer: DepositAnswer,
    status: 201,
    errors: [404, 503],
    idempotent: true,
    isProvisional: ({ workflow }) => wait && workflow === 'deposit_async',
    handle: async (call) => {
      const { amount = null, data, isPretend, appInstanceId: _device, ...rest } = call.body;
      const request = { ...rest, amount, data: data ?? {} };
      if (isPretend) return previewAnswer(hub, await paymentOrder(hub.pool, call.actor, 'deposit', request, hub.facts));
      const method = await loadMethodFacts(hub.pool, rest.methodId);
      if (method?.flow === 'address') return addressAnswer(hub, call, request);
      const made = await placeOrder(hub, call, (db) => paymentOrder(db, call.actor, 'deposit', request), { wait });
      return wait ? placedAnswer(hub, made) : asyncAnswer(hub, made);
    },
  });

/** POST /my/deposits and /my/deposits/sync. */
export const depositProcedures = (hub: MoneyHub): Procedure[] => [
  deposit(hub, '/my/deposits', false),
  deposit(hub, '/my/deposits/sync', true),
];
