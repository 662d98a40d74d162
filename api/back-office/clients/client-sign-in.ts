import { z } from 'zod';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { FACTORS, factorsOf } from '../../../db/repositories/factors.ts';
import { revokeTokens } from '../../../db/repositories/refresh-tokens.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName, assertSees, scopeSql } from '../../kit/access.ts';
import { notFound, problem } from '../../kit/errors.ts';
import { type Procedure, procedure, updateProcedures } from '../../kit/procedure.ts';
import { idText } from '../../kit/shapes.ts';
import { signOutEverywhere } from '../../wizards/sign-out-everywhere.ts';

const CAPTIONS = { google: 'Google Authenticator', sms: 'SMS', email: 'E-mail' } as const;
const Factor = z
  .object({ caption: z.string(), isEnabled: z.boolean(), name: z.enum(FACTORS) })
  .meta({ id: 'SecondFactor' });

const clientParam = z.object({ clientId: idText() });
const factorParams = clientParam.extend({ type: z.enum(FACTORS) });

const viewOf = (name: (typeof FACTORS)[number], on: readonly string[]) => ({
  caption: CAPTIONS[name],
  isEnabled: on.includes(name),
  name,
});

const common = { tags: ['Clients'] as [string], access: 'user' as const, errors: [404] };

/** What operators do about how a client signs in: second factors, a new password that is wanted. */
export const clientSignInProcedures = ({ pool, access }: ApiDeps): Procedure[] => [
  procedure('GET /clients/{clientId}/2fa', {
    ...common,
    summary: 'Second factors of a client',
    permission: 'clients.read',
    params: clientParam,
    answer: z.object({ total: z.int(), data: z.array(Factor) }),
    handle: async ({ actor, params: { clientId } }) => {
      await assertSees(pool, actor, clientId);
      const on = await factorsOf(pool, clientId);
      return { total: FACTORS.length, data: FACTORS.map((name) => viewOf(name, on)) };
    },
  }),

  procedure('GET /clients/{clientId}/2fa/{type}', {
    ...common,
    summary: 'One second factor of a client',
    permission: 'clients.read',
    params: factorParams,
    answer: Factor,
    handle: async ({ actor, params: { clientId, type } }) => {
      await assertSees(pool, actor, clientId);
      return viewOf(type, await factorsOf(pool, clientId));
    },
  }),

  ...updateProcedures('/clients/{clientId}/2fa/{type}', {
    ...common,
    access: 'user' as const,
    summary: 'Switch a second factor of a client off',
    description: 'For a client who lost his phone. Only he can switch one on.',
    permission: 'clients.update',
    params: factorParams,
    body: z.strictObject({ isEnabled: z.literal(false) }).optional(),
    answer: Factor,
    errors: [404, 409],
    handle: ({ actor, params: { clientId, type }, requestId }) =>
      inTransaction(pool, async (db) => {
        await assertSees(db, actor, clientId);
        const { rowCount } = await db.query(`delete from client_factor where client_id = $1 and type = $2`, [
          clientId,
          type,
        ]);
        if (rowCount === 0) throw problem(409, 'already_done', 'This factor is not switched on.', 'type');
        if (type === 'google') await db.query(`delete from client_totp where client_id = $1`, [clientId]);
        const object = `client:${clientId}`;
        await recordAudit(db, {
          actor: actorName(actor),
          action: `clients.2fa-off`,
          object,
          after: { type },
          requestId,
        });
        return viewOf(type, await factorsOf(db, clientId));
      }),
  }),

  procedure('POST /clients/{clientId}/reset-password', {
    ...common,
    summary: 'Want a new password of a client',
    description: 'He is signed out at once; at his next sign-in he sets a new password, after a code by e-mail.',
    permission: 'clients.update',
    params: clientParam,
    answer: null,
    handle: ({ actor, params: { clientId }, requestId }) =>
      inTransaction(pool, async (db) => {
        await assertSees(db, actor, clientId);
        if ((await wantNewPassword(db, 'client_id = $1', [clientId])) === 0) throw notFound('client');
        const object = `client:${clientId}`;
        await recordAudit(db, { actor: actorName(actor), action: 'clients.reset-password', object, requestId });
      }),
  }),

  procedure('DELETE /clients/{clientId}/sessions', {
    ...common,
    summary: 'End all sign-ins of a client',
    description: 'He sees it in his history of sign-ins.',
    permission: 'clients.update',
    params: clientParam,
    answer: null,
    handle: async ({ actor, params: { clientId }, requestId }) => {
      await inTransaction(pool, async (db) => {
        await assertSees(db, actor, clientId);
        await signOutEverywhere(db, { clientId, actor: actorName(actor), ip: '', userAgent: null, requestId });
      });
      access.forgetActor({ kind: 'client', id: clientId });
    },
  }),

  procedure('POST /clients/reset-password', {
    ...common,
    summary: 'Want a new password of every client',
    description: 'Of those the caller may see.',
    permission: 'clients.update',
    answer: null,
    handle: ({ actor, requestId }) =>
      inTransaction(pool, async (db) => {
        const clients = await wantNewPassword(db, scopeSql(actor, 'client.client_id'), []);
        const what = { actor: actorName(actor), action: 'clients.reset-password', object: 'clients', requestId };
        await recordAudit(db, { ...what, after: { clients } });
      }),
  }),
];

/** Answers how many clients it is. */
const wantNewPassword = async (db: Queryable, which: string, values: unknown[]): Promise<number> => {
  const { rows } = await db.query<{ subject: string }>(
    `update client set must_reset_password = true, update_time = now() where status <> 'deleted' and ${which} returning 'client:' || client_id as subject`,
    values,
  );
  await revokeTokens(db, { subjects: rows.map(({ subject }) => subject) });
  return rows.length;
};
