import { z } from 'zod';
import { paymentOrder, type PaymentRequest } from '../../intake/new-order.ts';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';

/** What later steps know of the payout: as asked for, the values of the method's fields checked. */
export interface PayoutDraft {
  payout: PaymentRequest;
}

/** How much, from where, to where. The API has read its shape; nothing is held yet. */
export const withdrawalForm = defineStep<Record<string, never>, PaymentRequest>({
  kind: 'withdrawal-form',
  types: ['withdrawals'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['payout'],
  workflow: () => 'withdrawal_form',
  asks: z.null().meta({
    description:
      'Send `{uuid, accountId, methodId, amount, currencyCode, data}` to POST /my/withdrawals; `fields` of GET /my/withdrawals/methods/{methodId} say what `data` must have.',
  }),
  replaceable: true,
  check: async (asked, request) => {
    const { data } = await paymentOrder(asked.db, signedIn(asked), 'withdrawal', request);
    const confirmed = await brokerSetting(asked.db, 'withdrawals.confirmation');
    const keep: PayoutDraft = { payout: { ...request, data } };
    return { keep: { ...keep }, facts: confirmed ? {} : { factor: 'none' } };
  },
});
