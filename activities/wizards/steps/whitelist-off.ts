import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';

/** The client wants his payouts to go anywhere again. */
export const whitelistOff = defineStep<Record<string, never>, Record<string, never>>({
  kind: 'whitelist-off',
  types: ['whitelistChange'],
  settings: z.strictObject({}),
  takes: ['client'],
  workflow: () => 'whitelist_form',
  sent: z.strictObject({}),
  check: async (asked) => {
    const { rows } = await asked.db.query<{ only: boolean }>(
      `select listed_addresses_only as only from client where client_id = $1`,
      [signedIn(asked).id],
    );
    if (!rows[0]?.only) throw new HubFailure('Rejected', 'already_done', 'Address management is off already.');
    return {};
  },
});
