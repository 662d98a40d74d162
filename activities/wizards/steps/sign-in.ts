import { z } from 'zod';
import { letIn } from '../../../db/repositories/sign-in-guard.ts';
import type { KeptDevice } from '../device.ts';
import { noteAuthorization } from '../note-authorization.ts';
import { defineStep } from '../step.ts';

/** All was shown: the client is let in. His tokens are made by the API, which alone sees them. */
export const signIn = defineStep<Record<string, never>>({
  kind: 'sign-in',
  types: ['authorization'],
  settings: z.strictObject({}),
  takes: ['client'],
  apply: async ({ db, ring, run, draft }) => {
    const { device } = (await draft()) as { device?: KeptDevice };
    const { ip = '', userAgent = null } = device ?? {};
    await noteAuthorization(db, { clientId: run.clientId ?? 0, status: 'success', reason: null, ip, userAgent });
    const { rows } = await db.query<{ clientId: number; email: string }>(
      `update client set logged_at = now() where client_id = $1 returning client_id as "clientId", email`,
      [run.clientId],
    );
    if (rows[0]) await letIn(db, ring, { ...rows[0], ip });
    return {};
  },
});
