import { z } from 'zod';
import { HubFailure } from '../../../domain/failures.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';

/** Which address is taken from the list. */
export const addressChoice = defineStep<Record<string, never>, { policyId: number }>({
  kind: 'address-choice',
  types: ['whitelistDelete'],
  settings: z.strictObject({}),
  takes: ['client'],
  gives: () => ['policy'],
  workflow: () => 'whitelist_form',
  replaceable: true,
  asks: z.null().meta({ description: 'DELETE the address with `{uuid}`.' }),
  sent: z.strictObject({ policyId: z.int() }),
  check: async (asked, { policyId }) => {
    const { rowCount } = await asked.db.query(`select from payout_address where id = $1 and client_id = $2`, [
      policyId,
      signedIn(asked).id,
    ]);
    if (rowCount === 0)
      throw new HubFailure('NotFound', 'not_found', 'There is no such address.', { field: 'policyId' });
    return { facts: { policyId } };
  },
});
