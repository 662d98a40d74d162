import { z } from 'zod';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { revokeTokens } from '../../../db/repositories/refresh-tokens.ts';
import { openAllDoors } from '../../../db/repositories/sign-in-guard.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { queueMessage } from '../../messaging/queue-message.ts';
import { defineStep } from '../step.ts';

/** The new password counts; every sign-in of before is over, and the client is told. */
export const setPassword = defineStep<Record<string, never>>({
  kind: 'set-password',
  types: ['passwordRecovery', 'passwordChange', 'authorization'],
  settings: z.strictObject({}),
  takes: ['client', 'password'],
  apply: async ({ db, ring, run, draft, by, promised }) => {
    const { clientId } = run;
    const { passwordHash } = (await draft()) as { passwordHash?: string };
    if (clientId === null || passwordHash === undefined)
      throw new HubFailure('Rejected', 'restricted', 'There is no client whose password this is.');
    const { rowCount } = await db.query(
      `insert into password_change (client_id, type, run_id) values ($1, 'restored', $2) on conflict (run_id) do nothing`,
      [clientId, run.id],
    );
    if (rowCount === 0) return {};
    await db.query(
      `update client set password_hash = $2, must_reset_password = false, update_time = now() where client_id = $1`,
      [clientId, passwordHash],
    );
    await revokeTokens(db, { subjects: [`client:${clientId}`] });
    await openAllDoors(db, clientId);
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
