import { z } from 'zod';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { assertStillGuarded } from '../guard.ts';
import { signedIn } from '../signed-in.ts';
import { defineStep } from '../step.ts';

/** The address counts no more. One that is gone already is as it shall be. */
export const unlistAddress = defineStep<Record<string, never>>({
  kind: 'unlist-address',
  types: ['whitelistDelete'],
  settings: z.strictObject({}),
  takes: ['client', 'policy'],
  apply: async (work) => {
    const { db, run, by } = work;
    const { id: clientId } = signedIn(work);
    const { policyId } = run.facts as { policyId: number };
    const { rows } = await db.query<{ currency: number }>(
      `delete from payout_address where id = $1 and client_id = $2 returning currency`,
      [policyId, clientId],
    );
    if (!rows[0]) return {};
    await assertStillGuarded(work);
    await recordAudit(db, {
      actor: `client:${clientId}`,
      action: 'whitelist.delete',
      object: `client:${clientId}`,
      before: { policyId, currency: rows[0].currency },
      ...by,
    });
    return {};
  },
});
