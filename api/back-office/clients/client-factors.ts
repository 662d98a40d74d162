import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { queueMessage, startMessages } from '../../../activities/messaging/queue-message.ts';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { FACTOR_CAPTIONS, factorsOf, noteFactorChange, switchFactorOff } from '../../../db/repositories/factors.ts';
import { actorName, assertSees } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { listOf, pageOf, pageQuery } from '../../kit/list.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { idText } from '../../kit/shapes.ts';
import type { MoneyHub } from '../../money/hub.ts';
import { factorNamed, factorParam, factorView, factorViews, SecondFactor } from '../../presenters/factor.ts';

const clientParam = z.object({ clientId: idText() });
const factorParams = factorParam.extend(clientParam.shape);

const common = { tags: ['Clients'] as [string], access: 'user' as const, errors: [404] };

/** What operators see and do of a client's second factors. */
export const clientFactorProcedures = (hub: MoneyHub): Procedure[] => {
  const { pool } = hub;
  return [
    procedure('GET /clients/{clientId}/2fa', {
      ...common,
      summary: 'Second factors of a client',
      permission: 'clients.read',
      params: clientParam,
      query: z.object(pageQuery),
      answer: listOf(SecondFactor),
      handle: async ({ actor, params: { clientId }, query }) => {
        await assertSees(pool, actor, clientId);
        return pageOf(factorViews(await factorsOf(pool, clientId)), query);
      },
    }),

    procedure('GET /clients/{clientId}/2fa/{type}', {
      ...common,
      summary: 'One second factor of a client',
      permission: 'clients.read',
      params: factorParams,
      answer: SecondFactor,
      handle: async ({ actor, params: { clientId, type } }) => {
        await assertSees(pool, actor, clientId);
        return factorView(factorNamed(type), await factorsOf(pool, clientId));
      },
    }),

    ...updateProcedures('/clients/{clientId}/2fa/{type}', {
      ...common,
      summary: 'Switch a second factor of a client off',
      description: 'For a client who lost his phone, who is told by mail. Only he can switch one on.',
      permission: 'clients.update',
      confirm: true,
      params: factorParams,
      body: z.strictObject({ isEnabled: z.literal(false) }).optional(),
      answer: SecondFactor,
      errors: [404, 409],
      handle: async ({ actor, params, ip, requestId }) => {
        const { clientId } = params;
        const type = factorNamed(params.type);
        const done = await inTransaction(pool, async (db) => {
          await assertSees(db, actor, clientId);
          // As his own runs do: his recovery codes go by which factors are left.
          await db.query(`select from client where client_id = $1 for update`, [clientId]);
          if (!(await switchFactorOff(db, clientId, type)))
            throw problem(409, 'already_done', 'This factor is not switched on.', 'type');
          await noteFactorChange(db, { clientId, type, action: 'disabled', userId: actor.id, ip });
          const what = { actor: actorName(actor), action: 'clients.2fa-off', object: `client:${clientId}`, requestId };
          await recordAudit(db, { ...what, after: { type } });
          const told = await queueMessage(db, hub.tools().ring, {
            to: { clientId },
            template: 'factorDisabled',
            parameters: { factor: FACTOR_CAPTIONS[type] },
            key: `factorDisabled:${randomUUID()}`,
          });
          return { told, view: factorView(type, await factorsOf(db, clientId)) };
        });
        await startMessages(hub.steering, done.told);
        return done.view;
      },
    }),
  ];
};
