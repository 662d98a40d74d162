import { z } from 'zod';
import { problem } from '../kit/errors.ts';
import { type Procedure, procedure, updateProcedures } from '../kit/procedure.ts';
import { perActor } from '../kit/rate-limit.ts';
import { id, idText, text } from '../kit/shapes.ts';
import { Nothing, wizardAnswer } from '../wizards/answer-shapes.ts';
import { ClientWizard, CONFIRM_STEPS } from '../wizards/client-wizard.ts';
import { givenCode } from '../wizards/given-code.ts';
import type { WizardHub } from '../wizards/wizard-hub.ts';
import { Management, managementView, Policy, policyView } from './addresses.ts';

const uuid = () => z.uuid('must be a UUID');
const FORM = ['form'] as const;

const opening = {
  tags: ['My money'] as [string],
  access: 'client' as const,
  answer: wizardAnswer('PayoutAddressAnswer', ['whitelistCreation', 'whitelistDelete', 'whitelistChange'], {
    outcome: z.union([z.object({ policy: Policy.nullable() }), Management, Nothing]),
  }),
  limit: perActor('60/m'),
  errors: [403],
};
const step = { ...opening, limit: perActor('120/m'), errors: [403, 404, 409] };

/** How a client lists an address, takes one from the list, and lets payouts go anywhere again. One method confirms all three. */
export const whitelistProcedures = (wizards: WizardHub): Procedure[] => {
  const { hub } = wizards;
  const creation = new ClientWizard(wizards, 'whitelistCreation', async ({ run }) => {
    const { rows } = await hub.pool.query<{ id: number }>(`select id from payout_address where run_id = $1`, [run.id]);
    return { policy: (rows[0] && (await policyView(hub, rows[0].id))) ?? null };
  });
  const deletion = new ClientWizard(wizards, 'whitelistDelete', () => Promise.resolve([]));
  const off = new ClientWizard(wizards, 'whitelistChange', ({ run }) => managementView(hub, run.clientId!));

  /** An unknown one is as good as any: it answers that there is none. */
  const wizardOf = async (run: string): Promise<ClientWizard> => {
    const { rows } = await hub.pool.query<{ type: string }>(`select type from wizard_run where uuid = $1`, [run]);
    return rows[0]?.type === 'whitelistDelete' ? deletion : rows[0]?.type === 'whitelistChange' ? off : creation;
  };

  return [
    procedure('GET /my/withdrawals/policies/wizard', {
      ...opening,
      summary: 'Begin to list an address',
      handle: (call) => creation.open(call),
    }),

    procedure('POST /my/withdrawals/policies', {
      ...step,
      summary: 'The address to list',
      body: z.strictObject({
        uuid: uuid(),
        currencyCode: id(),
        walletAddress: text(1_000),
        destinationTag: text(1_000).nullable().optional(),
        caption: text(100).nullable().optional(),
      }),
      handle: (call) => {
        const { uuid: run, ...body } = call.body;
        return creation.take(call, FORM, run, body);
      },
    }),

    procedure('GET /my/withdrawals/policies/delete/wizard', {
      ...opening,
      summary: 'Begin to take an address from the list',
      handle: (call) => deletion.open(call),
    }),

    procedure('DELETE /my/withdrawals/policies/{policyId}', {
      ...step,
      summary: 'The address to take from the list',
      description: 'With `uuid` in the body or in the query.',
      params: z.object({ policyId: idText() }),
      query: z.object({ uuid: uuid().optional() }),
      body: z.strictObject({ uuid: uuid().optional() }).optional(),
      handle: (call) => {
        const { policyId } = call.params;
        const run = call.body?.uuid ?? call.query.uuid;
        if (run === undefined) throw problem(400, 'validation', 'uuid is required.', 'uuid');
        return deletion.take(call, FORM, run, { policyId });
      },
    }),

    procedure('GET /my/withdrawals/policies/disable/wizard', {
      ...opening,
      summary: 'Begin to let payouts go to any address',
      handle: (call) => off.open(call),
    }),

    ...updateProcedures('/my/withdrawals/policies/disable', {
      ...step,
      summary: 'Let payouts go to any address',
      description:
        'At once, or after the hours that the broker lets a new address wait: until then the last answer says `isEnabled` true and `enabledUntil`, and switching on cancels it.',
      body: z.strictObject({ uuid: uuid() }),
      handle: (call) => off.take(call, FORM, call.body.uuid, {}),
    }),

    procedure('POST /my/withdrawals/policies/confirm', {
      ...step,
      summary: 'Confirm a change of the list, or that payouts go to any address',
      description: 'With the code. `resend`: another code.',
      body: z.strictObject({ uuid: uuid(), code: givenCode, resend: z.literal(true).optional() }),
      handle: async (call) => {
        const { uuid: run, resend, ...body } = call.body;
        return (await wizardOf(run)).take(call, CONFIRM_STEPS, run, body, resend);
      },
    }),
  ];
};
