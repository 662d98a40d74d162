import { z } from 'zod';
import { HubFailure, isHubFailure } from '../../../domain/failures.ts';
import { paymentOrder } from '../../intake/new-order.ts';
import { findOrder, writeOrder } from '../../intake/write-order.ts';
import { assertStillGuarded } from '../guard.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';
import type { PayoutDraft } from './withdrawal-form.ts';

/** Under which key the payout of a run is written: once. */
export const payoutKey = (uuid: string): string => `wizard:${uuid}`;

/** The payout is ordered, as every other one is: checked anew and written down. The API brings it to its run; when the API is gone, the sweep does. */
export const placePayout = defineStep<Record<string, never>>({
  kind: 'place-payout',
  types: ['withdrawals'],
  settings: z.strictObject({}),
  takes: ['client', 'payout'],
  apply: async (work) => {
    const { db, run, draft, by: cause } = work;
    const key = payoutKey(run.uuid);
    const { payout } = (await draft()) as unknown as PayoutDraft;
    const actor = signedIn(work);
    const before = await findOrder(db, key);
    if (before) return { transactionId: before.id };
    await assertStillGuarded(work);
    const order = await paymentOrder(db, actor, 'withdrawal', payout).catch(withoutRate);
    const written = await writeOrder(db, { actor, key, cause }, order);
    return { transactionId: written.id };
  },
});

/** Nobody has confirmed a rate that comes later: without one the run is over, and its client asks again. */
const withoutRate = (error: unknown): never => {
  if (!isHubFailure(error) || error.reason !== 'rate_unavailable') throw error;
  throw new HubFailure('Rejected', error.reason, error.message, { field: 'currencyCode' });
};
