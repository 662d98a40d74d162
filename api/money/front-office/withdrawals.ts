import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { DepositAction } from '../../../adapters/kit/payments.ts';
import { subtract, wire } from '../../../domain/money.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { amountInput, freeForm, id, money } from '../../kit/shapes.ts';
import { MyTransaction } from '../../presenters/transaction.ts';
import type { MoneyHub } from '../hub.ts';
import { type NewOrder, paymentOrder } from '../../../activities/intake/new-order.ts';
import { placeOrder } from '../intake/place-order.ts';
import { Redirect, redirectOf } from './deposit-answers.ts';
import { showMyTransaction } from './show.ts';

/** B2Core's name of the last step of every wizard. */
const END = 'B2B\\TCA\\Wizards\\Workflow\\TerminateWorkflow';

const Body = z.strictObject({
  uuid: z.uuid('must be a UUID').optional().meta({ description: 'From GET /my/withdrawals/wizard.' }),
  accountId: id(),
  methodId: id(),
  amount: amountInput('number').meta({ description: "In the account's currency." }),
  currencyCode: id().meta({
    description: "Numeric code of what is paid out: the account's currency, or another one that the method pays.",
  }),
  data: freeForm().optional().meta({ description: "Values of the method's fields, by their id." }),
  isPretend: z.boolean().optional().meta({ description: 'true: only say what would happen.' }),
  appInstanceId: z.string().max(200).optional(),
});

/** objects-front-office 3.22 */
const WithdrawalPreview = z
  .object({
    rate: money(),
    amount: money(),
    commission: money(),
    sourceCurrencyAlphaCode: z.string(),
    sourceCurrencyAmount: money(),
    destinationCurrencyAlphaCode: z.string(),
    destinationCurrencyAmount: money(),
  })
  .meta({ id: 'WithdrawalPreview' });

const Answer = z.discriminatedUnion('workflow', [
  z.object({
    code: z.literal(202),
    data: z.object({
      transaction: MyTransaction,
      redirect: Redirect.optional().meta({
        description: 'Of methods whose provider asks the client itself where the money shall go: he goes on there.',
      }),
    }),
    done: z.literal(true),
    uuid: z.uuid(),
    workflow: z.literal(END),
  }),
  z.object({
    code: z.literal(200),
    data: WithdrawalPreview,
    done: z.literal(false),
    uuid: z.uuid(),
    workflow: z.literal('withdrawal_form'),
  }),
]);

const common = { tags: ['My money'] as [string], access: 'client' as const };

/** GET /my/withdrawals/wizard and POST /my/withdrawals. */
export const withdrawalProcedures = (hub: MoneyHub): Procedure[] => [
  procedure('GET /my/withdrawals/wizard', {
    ...common,
    summary: 'Begin a withdrawal',
    answer: z.object({
      code: z.literal(200),
      data: z.null(),
      done: z.literal(true),
      uuid: z.uuid(),
      workflow: z.literal('withdrawal_form'),
    }),
    handle: () =>
      Promise.resolve({
        code: 200 as const,
        data: null,
        done: true as const,
        uuid: randomUUID(),
        workflow: 'withdrawal_form' as const,
      }),
  }),

  procedure('POST /my/withdrawals', {
    ...common,
    summary: 'Withdraw money',
    description:
      'The amount is held at once. What happens then is told by the transaction: `pending` while somebody must approve it, `hold` while the provider waits for the client (`redirect`).',
    body: Body,
    answer: Answer,
    errors: [404, 503],
    idempotent: true,
    handle: async (call) => {
      const { uuid = randomUUID(), isPretend, appInstanceId: _device, ...request } = call.body;
      if (isPretend) {
        const order = await paymentOrder(hub.pool, call.actor, 'withdrawal', request);
        return {
          code: 200 as const,
          data: previewOf(order),
          done: false as const,
          uuid,
          workflow: 'withdrawal_form' as const,
        };
      }
      const made = await placeOrder(hub, call, (db) => paymentOrder(db, call.actor, 'withdrawal', request));
      const transaction = await showMyTransaction(hub, made);
      const redirect = await whereToGoOn(hub, made);
      const data = { transaction, ...(redirect && { redirect }) };
      return { code: 202 as const, data, done: true as const, uuid, workflow: END as typeof END };
    },
  }),
];

/** Null unless the client has still to say at the provider where his money shall go. */
const whereToGoOn = async ({ pool }: MoneyHub, transactionId: number) => {
  const { rows } = await pool.query<{ action: DepositAction | null }>(
    `select provider_data -> 'action' as action from money_transaction where transaction_id = $1 and stage = 'awaiting_client'`,
    [transactionId],
  );
  return redirectOf(rows[0]?.action ?? null);
};

const previewOf = ({ amount, vendorCommission, currency, exchange }: NewOrder): z.input<typeof WithdrawalPreview> => ({
  rate: wire(exchange?.quote?.rate ?? '1'),
  amount: wire(amount),
  commission: wire(vendorCommission),
  sourceCurrencyAlphaCode: currency.alphabeticCode,
  sourceCurrencyAmount: wire(amount),
  destinationCurrencyAlphaCode: (exchange?.currency ?? currency).alphabeticCode,
  destinationCurrencyAmount: wire(exchange?.quote?.amount ?? subtract(amount, vendorCommission)),
});
