import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { addressManagement } from '../../../db/repositories/payout-addresses.ts';
import { minuteOf } from '../../transactions/listed-address.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';

/** The client wants his payouts to go anywhere again. */
export const whitelistOff = defineStep<Record<string, never>, Record<string, never>>({
  kind: 'whitelist-off',
  types: ['whitelistChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  workflow: () => 'whitelist_form',
  asks: z.null().meta({ description: 'Send `{uuid}` to PUT /my/withdrawals/policies/disable.' }),
  sent: z.strictObject({}),
  check: async (asked) => {
    const { isOn, until } = await addressManagement(asked.db, signedIn(asked).id);
    if (!isOn || until !== null)
      throw new HubFailure(
        'Rejected',
        'already_done',
        isOn ? `Address management is on until ${minuteOf(until!)}.` : 'Address management is off already.',
      );
    return {};
  },
});
