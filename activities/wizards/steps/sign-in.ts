import { z } from 'zod';
import { letIn } from '../../../db/repositories/sign-in-guard.ts';
import { type KeptDevice, networkOf } from '../device.ts';
import { noteAuthorization } from '../note-authorization.ts';
import { defineStep } from '../step.ts';
import { assertStillWelcome } from '../still-welcome.ts';

/** All was shown: the client is let in. His tokens are made by the API, which alone sees them. */
export const signIn = defineStep<Record<string, never>>({
  kind: 'sign-in',
  types: ['authorization'],
  settings: z.strictObject({}),
  takes: ['client'],
  apply: async ({ db, ring, run, draft }) => {
    const { clientId } = run;
    const said = await draft();
    const { email } = await assertStillWelcome(db, ring, clientId, said);
    const { ip = '', userAgent = null } = (said as { device?: KeptDevice }).device ?? {};
    const entry = { clientId: clientId!, status: 'success', reason: null, ip, userAgent, runId: run.id } as const;
    await noteAuthorization(db, entry);
    await db.query(`update client set logged_at = now() where client_id = $1`, [clientId]);
    await letIn(db, ring, { side: 'client', account: { clientId: clientId! }, email, network: networkOf(ip) });
    return {};
  },
});
