import { z } from 'zod';
import { paymentOrder, type PaymentRequest } from '../../activities/intake/new-order.ts';
import { assertMethodTakes } from '../../activities/transactions/restrictions.ts';
import { HubFailure } from '../../domain/failures.ts';
import { accountOf } from '../../activities/intake/accounts.ts';
import { type Call, type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { id, idText, text } from '../kit/shapes.ts';
import { methodViews } from '../presenters/method.ts';
import { type ClientWizard, CONFIRM_STEPS } from '../wizards/client-wizard.ts';
import { givenCode } from '../wizards/given-code.ts';
import { calling } from '../wizards/refusals.ts';
import type { WizardHub } from '../wizards/wizard-hub.ts';
import { previewOf, WithdrawalPreview } from './answers.ts';
import { payoutFields, payoutRequest } from './requests.ts';

/** What apps of 2025 are answered where the others get the wizard's shape (objects-front-office 5.13b). */
export const OrderedByForm = z.object({
  id: z.uuid(),
  confirmationChannel: z
    .enum(['google', 'sms', 'email'])
    .nullable()
    .meta({ description: 'Where the code is; null: none was asked for, the payout is ordered.' }),
});

const common = { tags: ['My money'] as [string], access: 'client' as const };
const CHANNELS = { '2fa_google': 'google', '2fa_sms': 'sms', confirm_email: 'email', '2fa_email': 'email' } as const;

/** The form's step, in the words of these apps. */
export const orderByForm = async (
  payouts: ClientWizard,
  call: Pick<Call<'client'>, 'ip' | 'req' | 'actor'>,
  formId: string,
  request: PaymentRequest,
): Promise<z.input<typeof OrderedByForm>> => {
  const { workflow } = await payouts.take(call, ['form'], formId, { ...request }).catch(asForm);
  return { id: formId, confirmationChannel: CHANNELS[workflow as keyof typeof CHANNELS] ?? null };
};

/** The same wizard without its envelope. */
export const formProcedures = (wizards: WizardHub, payouts: ClientWizard): Procedure[] => {
  const { hub } = wizards;
  return [
    procedure('POST /my/withdrawal-methods/{methodId}/form', {
      ...common,
      summary: 'Begin a withdrawal by a method',
      description: 'Answers an id for POST /my/withdrawals and the fields of the method.',
      limit: perActor('60/m'),
      params: z.object({ methodId: idText() }),
      body: z.strictObject({
        accountId: id(),
        currencyCode: id(),
        deviceTimezone: text(100).optional(),
        locale: text(20).optional(),
      }),
      answer: z.object({ id: z.uuid(), fields: z.array(z.record(z.string(), z.unknown())) }),
      status: 201,
      errors: [403, 404],
      handle: async (call) => {
        const { methodId } = call.params;
        const account = await accountOf(hub.pool, call.actor, call.body.accountId, 'accountId');
        const method = await hub.facts.method(methodId);
        if (!method) throw new HubFailure('NotFound', 'not_found', 'There is no such method.', { field: 'methodId' });
        assertMethodTakes(method, 'withdrawal', account.currency, null);
        const { uuid } = await payouts.open(call);
        return { id: uuid, fields: (await methodViews(hub.pool, [methodId])).get(methodId)!.fields };
      },
    }),

    procedure('POST /my/withdrawals/preview', {
      ...common,
      summary: 'What a withdrawal would make',
      body: z.strictObject(payoutFields),
      answer: WithdrawalPreview,
      errors: [403, 404],
      handle: async (call) => {
        const request = await payoutRequest(hub, call.actor.id, call.body);
        return previewOf(await paymentOrder(hub.pool, call.actor, 'withdrawal', { ...request, amountOnly: true }));
      },
    }),

    procedure('POST /my/withdrawals/confirm', {
      ...common,
      summary: 'Confirm a withdrawal that was begun by a method',
      limit: perActor('120/m'),
      body: z.strictObject({
        id: z.uuid('must be a UUID'),
        code: givenCode,
        resend: z.literal(true).optional(),
      }),
      answer: null,
      errors: [403, 404, 409, 503],
      handle: async (call) => {
        const { id: formId, resend, ...body } = call.body;
        await payouts.take(call, CONFIRM_STEPS, formId, body, resend).catch(asForm);
      },
    }),
  ];
};

/** Here a run's name is `id`. */
const asForm = calling('id');
