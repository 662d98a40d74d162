import { z } from 'zod';
import { brokerSetting } from '../../../db/repositories/broker-settings.ts';
import { allowAddresses } from '../../../db/repositories/payout-addresses.ts';
import { queueMessage } from '../../messaging/queue-message.ts';
import { assertStillGuarded } from '../guard.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';

/**
 * Payouts may go to any address, after the hours that a new one waits: whoever could list an address could else let payouts go anywhere. The client is told: when it was not he, he learns it in
 * time.
 */
export const allowAnyAddress = defineStep<Record<string, never>>({
  kind: 'allow-any-address',
  types: ['whitelistChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  apply: async (work) => {
    const { db, ring, run, by, promised } = work;
    const { id: clientId } = signedIn(work);
    const afterHours = await brokerSetting(db, 'withdrawals.newAddressHours');
    if (!(await allowAddresses(db, { clientId, listedOnly: false, afterHours, cause: by }))) return {};
    await assertStillGuarded(work);
    promised.push(
      ...(await queueMessage(db, ring, { to: { clientId }, template: 'anyAddress', key: `anyAddress:${run.id}` })),
    );
    return {};
  },
});
