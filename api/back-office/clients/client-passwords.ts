import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { queueMessage, startMessages } from '../../../activities/messaging/queue-message.ts';
import { newPasswordFault } from '../../../db/new-password.ts';
import { hashPassword } from '../../../db/passwords.ts';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { setClientPassword } from '../../../db/repositories/client-passwords.ts';
import { revokeTokens } from '../../../db/repositories/refresh-tokens.ts';
import { WrongFields } from '../../../domain/failures.ts';
import { actorName, assertSees, scopeSql } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { idText, text } from '../../kit/shapes.ts';
import type { MoneyHub } from '../../money/hub.ts';

const clientParam = z.object({ clientId: idText() });

const common = {
  tags: ['Clients'] as [string],
  access: 'user' as const,
  permission: 'clients.update',
  answer: null,
};

/** What operators do about a client's password: set one, or want a new one. */
export const clientPasswordProcedures = (hub: MoneyHub): Procedure[] => {
  const { pool } = hub;
  return [
    ...updateProcedures('/clients/{clientId}/password', {
      ...common,
      summary: 'Set the password of a client',
      confirm: true,
      description: 'He is signed out everywhere. With `send_mail` he is told so by mail; the password is never mailed.',
      params: clientParam,
      body: z.strictObject({ password: text(1_024), send_mail: z.boolean() }),
      errors: [404],
      handle: async ({ actor, params: { clientId }, body, ip, requestId }) => {
        const fault = await newPasswordFault(body.password);
        if (fault) throw new WrongFields([{ field: 'password', issue: `password ${fault}.` }]);
        await assertSees(pool, actor, clientId);
        const passwordHash = await hashPassword(body.password);
        const told = await inTransaction(pool, async (db) => {
          await assertIsThere(db, clientId);
          await setClientPassword(db, { clientId, passwordHash, type: 'changedByAdmin', userId: actor.id, ip });
          const object = `client:${clientId}`;
          await recordAudit(db, { actor: actorName(actor), action: 'clients.password', object, requestId });
          if (!body.send_mail) return [];
          const mail = { to: { clientId }, template: 'changePassword', key: `password:${randomUUID()}` };
          return queueMessage(db, hub.tools().ring, mail);
        });
        await startMessages(hub.steering, told);
      },
    }),

    procedure('POST /clients/{clientId}/reset-password', {
      ...common,
      summary: 'Want a new password of a client',
      confirm: true,
      description: 'He is signed out at once; at his next sign-in he sets a new password, after a code by e-mail.',
      params: clientParam,
      errors: [404],
      handle: ({ actor, params: { clientId }, requestId }) =>
        inTransaction(pool, async (db) => {
          await assertSees(db, actor, clientId);
          if ((await wantNewPassword(db, 'client_id = $1', [clientId])) === 0) throw notFound('client');
          const object = `client:${clientId}`;
          await recordAudit(db, { actor: actorName(actor), action: 'clients.reset-password', object, requestId });
        }),
    }),

    procedure('POST /clients/reset-password', {
      ...common,
      summary: 'Want a new password of every client',
      confirm: true,
      description: 'Of those the caller may see.',
      handle: ({ actor, requestId }) =>
        inTransaction(pool, async (db) => {
          const clients = await wantNewPassword(db, scopeSql(actor, 'client.client_id'), []);
          const what = { actor: actorName(actor), action: 'clients.reset-password', object: 'clients', requestId };
          await recordAudit(db, { ...what, after: { clients } });
        }),
    }),
  ];
};

/** Held, so that a sign-in that goes on meanwhile sees the new password. */
const assertIsThere = async (db: Queryable, clientId: number): Promise<void> => {
  const { rowCount } = await db.query(`select 1 from client where client_id = $1 and status <> 'deleted' for update`, [
    clientId,
  ]);
  if (rowCount === 0) throw notFound('client');
};

/** Answers how many clients it is. */
const wantNewPassword = async (db: Queryable, which: string, values: unknown[]): Promise<number> => {
  const { rows } = await db.query<{ subject: string }>(
    `update client set must_reset_password = true, update_time = now() where status <> 'deleted' and ${which} returning 'client:' || client_id as subject`,
    values,
  );
  await revokeTokens(db, { subjects: rows.map(({ subject }) => subject) });
  return rows.length;
};
