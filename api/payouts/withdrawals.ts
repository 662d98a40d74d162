import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { paymentOrder, type PaymentRequest } from '../../activities/intake/new-order.ts';
import { brokerSetting } from '../../db/repositories/broker-settings.ts';
import { Problem } from '../kit/errors.ts';
import { type Call, type Procedure, procedure } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { placeOrder } from '../money/intake/place-order.ts';
import { wizardAnswer } from '../wizards/answer-shapes.ts';
import { ClientWizard, CONFIRM_STEPS } from '../wizards/client-wizard.ts';
import { callerOf } from '../wizards/caller.ts';
import { givenCode } from '../wizards/given-code.ts';
import { END } from '../wizards/waiting.ts';
import type { WizardHub } from '../wizards/wizard-hub.ts';
import { payoutOf, PlacedPayout, previewOf, showPlaced, WithdrawalPreview } from './answers.ts';
import { formProcedures, OrderedByForm, orderByForm } from './by-form.ts';
import { payoutFields, payoutRequest } from './requests.ts';

const FORM = ['form'] as const;
const handle = () => z.uuid('must be a UUID').optional();

const Body = z
  .strictObject({
    uuid: handle().meta({ description: 'From GET /my/withdrawals/wizard.' }),
    id: handle().meta({ description: 'From POST /my/withdrawal-methods/{methodId}/form.' }),
    ...payoutFields,
    isPretend: z.boolean().optional().meta({
      description:
        'true: only say what would happen (commission, rate), to show it before the client confirms. Nothing is kept; the run of `uuid` stays where it is, and the same is sent again without it.',
    }),
    appInstanceId: z.string().max(200).optional(),
  })
  .refine(({ uuid, id }) => uuid === undefined || id === undefined, {
    path: ['id'],
    error: 'must not be sent with uuid',
  });

const Preview = z.object({
  code: z.literal(200),
  data: WithdrawalPreview,
  done: z.literal(false),
  uuid: z.uuid(),
  workflow: z.literal('withdrawal_form'),
});
const Answer = wizardAnswer('WithdrawalAnswer', ['withdrawals'], { outcome: PlacedPayout });

const common = { tags: ['My money'] as [string], access: 'client' as const };

/** How a client takes money out: at once, or in steps that a code guards. */
export const withdrawalProcedures = (wizards: WizardHub): Procedure[] => {
  const { hub } = wizards;
  const payouts = new ClientWizard(wizards, 'withdrawals', ({ run }) => payoutOf(hub, run.uuid));

  /** At once: for systems, where the broker wants no codes. */
  const place = async (call: Call<'client'>, request: PaymentRequest) => {
    if (await brokerSetting(hub.pool, 'withdrawals.confirmation')) throw confirmationRequired();
    const made = await placeOrder(hub, call, (db) => paymentOrder(db, call.actor, 'withdrawal', request));
    const data = await showPlaced(hub, made);
    return { code: 202 as const, data, done: true as const, uuid: randomUUID(), workflow: END as typeof END };
  };

  /** What would happen. The run of `uuid`, when there is one, stays where it is. */
  const preview = async (call: Call<'client'>, request: PaymentRequest, uuid: string | undefined) => {
    if (uuid !== undefined) await wizards.waiting(await wizards.find(uuid, 'withdrawals', callerOf(call), []));
    const data = previewOf(await paymentOrder(hub.pool, call.actor, 'withdrawal', request));
    const workflow = 'withdrawal_form' as const;
    return { code: 200 as const, data, done: false as const, uuid: uuid ?? randomUUID(), workflow };
  };

  return [
    procedure('GET /my/withdrawals/wizard', {
      ...common,
      summary: 'Begin a withdrawal',
      limit: perActor('60/m'),
      answer: Answer,
      handle: (call) => payouts.open(call, {}, true),
    }),

    procedure('POST /my/withdrawals', {
      ...common,
      summary: 'Withdraw money',
      description:
        'With `uuid` (or `id`) a step of the wizard: answers the code that is asked for, or the payout where the broker asks for none. Sent again before the code, it stands instead of what was sent before, and another code goes out. ' +
        'Without, the payout at once; refused (`confirmation_required`) where the broker wants codes. What happens then is told by the transaction: `pending` while somebody must approve it, `hold` while the provider waits for the client (`redirect`).',
      body: Body,
      answer: z.union([Answer, Preview, OrderedByForm]),
      statusOf: (answer) => ('confirmationChannel' in answer ? 201 : 200),
      alsoAnswers: [201],
      errors: [403, 404, 409, 503],
      idempotent: true,
      handle: async (call) => {
        const { uuid, id, isPretend = false, appInstanceId: _device, ...said } = call.body;
        const request = await payoutRequest(hub, call.actor.id, said);
        if (isPretend) return preview(call, request, uuid ?? id);
        if (id !== undefined) return orderByForm(payouts, call, id, request);
        if (uuid === undefined) return place(call, request);
        return payouts.take(call, FORM, uuid, { ...request });
      },
    }),

    procedure('POST /my/withdrawals/wizard', {
      ...common,
      summary: 'Confirm a withdrawal',
      description: 'With the code; the answer is the payout. `resend`: another code.',
      limit: perActor('120/m'),
      body: z.strictObject({
        uuid: z.uuid('must be a UUID'),
        code: givenCode,
        resend: z.literal(true).optional(),
      }),
      answer: Answer,
      errors: [403, 404, 409, 503],
      handle: (call) => {
        const { uuid, resend, ...body } = call.body;
        return payouts.take(call, CONFIRM_STEPS, uuid, body, resend);
      },
    }),

    ...formProcedures(wizards, payouts),
  ];
};

const confirmationRequired = () =>
  new Problem(
    403,
    [
      {
        field: 'uuid',
        reason: 'confirmation_required',
        issue: 'Payouts are confirmed with a code: begin with GET /my/withdrawals/wizard and send its uuid.',
      },
    ],
    {},
    'withdrawal_form',
  );
