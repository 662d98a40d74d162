import { z } from 'zod';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { setClientPassword } from '../../../db/repositories/client-passwords.ts';
import { notePlace } from '../../../db/repositories/sign-in-places.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { WizardType } from '../../../domain/wizards/grammar.ts';
import { queueMessage } from '../../messaging/queue-message.ts';
import { assertStillGuarded } from '../guard.ts';
import { defineStep } from '../step.ts';
import { assertUnchanged, changed, lockClient } from '../still-welcome.ts';
import type { SetFrom } from './new-password.ts';

/** Of what status a client must be, as when the run was begun. */
const MAY_SET: Partial<Record<WizardType, readonly string[]>> = {
  passwordRecovery: ['active', 'inactive'],
  passwordChange: ['active'],
  authorization: ['active'],
};

/** The new password counts; every sign-in but the one that changed it is over, and the client is told. */
export const setPassword = defineStep<Record<string, never>>({
  kind: 'set-password',
  types: ['passwordRecovery', 'passwordChange', 'authorization'],
  settings: z.strictObject({}),
  takes: ['client', 'password'],
  apply: async (work) => {
    const { db, ring, run, draft, by, promised } = work;
    const { clientId } = run;
    const said = await draft();
    const { passwordHash, setFrom } = said as { passwordHash?: string; setFrom?: SetFrom };
    if (clientId === null || passwordHash === undefined)
      throw new HubFailure('Rejected', 'restricted', 'There is no client whose password this is.');
    const client = await lockClient(db, clientId);
    const isNew = await setClientPassword(db, {
      ...{ clientId, passwordHash, runId: run.id },
      type: run.type === 'passwordChange' ? 'changed' : 'restored',
      ip: setFrom?.ip ?? null,
      staying: setFrom?.family ?? null,
    });
    if (!isNew) return {};
    if (!client || !MAY_SET[run.type]!.includes(client.status)) throw changed();
    // Whoever is signed in is asked what would guard him now; a recovery of before kept nothing.
    if (said['passwordMark'] !== undefined) assertUnchanged(ring, client, said);
    if (run.type === 'passwordChange') await assertStillGuarded(work);
    // Others may go on closing his doors; where he is now they do not hold him up.
    if (run.addressMark) await notePlace(db, `client:${clientId}`, run.addressMark);
    await recordAudit(db, {
      actor: `client:${clientId}`,
      action: 'clients.password',
      object: `client:${clientId}`,
      ...by,
    });
    promised.push(
      ...(await queueMessage(db, ring, { to: { clientId }, template: 'changePassword', key: `password:${run.id}` })),
    );
    return {};
  },
});
