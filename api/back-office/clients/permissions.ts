import { z } from 'zod';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { loadClientRights } from '../../../db/repositories/client-rights.ts';
import { CLIENT_RIGHTS } from '../../../domain/client-rights.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName, assertSees } from '../../kit/access.ts';
import { problem } from '../../kit/errors.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { idAndName, idText } from '../../kit/shapes.ts';

const View = z
  .object({
    clientId: z.int(),
    role: idAndName().nullable().meta({ description: 'Of his verification level.' }),
    isExplicit: z.boolean(),
    permissions: z.record(z.enum(CLIENT_RIGHTS), z.boolean()),
  })
  .meta({ id: 'PermissionsOfClient' });

const Body = z.strictObject({
  isExplicit: z.boolean().meta({ description: 'False: as his level says.' }),
  permissions: z
    .partialRecord(z.enum(CLIENT_RIGHTS), z.boolean())
    .optional()
    .meta({ description: 'What is not named stays as his level says.' }),
});

const common = {
  tags: ['Clients'] as [string],
  access: 'user' as const,
  params: z.object({ clientId: idText() }),
  answer: View,
};

/** GET, PUT /clients/{clientId}/permissions: what one client may do, whatever his level allows. */
export const clientPermissionProcedures = ({ pool }: ApiDeps): Procedure[] => [
  procedure('GET /clients/{clientId}/permissions', {
    ...common,
    summary: 'What a client may do',
    permission: 'clientPermissions.read',
    handle: async ({ actor, params: { clientId } }) => {
      await assertSees(pool, actor, clientId);
      return viewOf(pool, clientId);
    },
  }),

  procedure('PUT /clients/{clientId}/permissions', {
    ...common,
    summary: 'Overrule what the level of a client says',
    permission: 'clientPermissions.update',
    confirm: true,
    body: Body,
    handle: ({ actor, params: { clientId }, body: { isExplicit, permissions }, requestId }) =>
      inTransaction(pool, async (db) => {
        if (!isExplicit && permissions !== undefined)
          throw problem(400, 'validation', 'Give permissions only with isExplicit true.', 'permissions');
        await assertSees(db, actor, clientId);
        await db.query('select from client where client_id = $1 for no key update', [clientId]);
        const before = await viewOf(db, clientId);
        await db.query('update client set explicit_rights = $2, update_time = now() where client_id = $1', [
          clientId,
          isExplicit ? JSON.stringify(permissions ?? {}) : null,
        ]);
        const after = await viewOf(db, clientId);
        const what = { actor: actorName(actor), action: 'clientPermissions.update', object: `client:${clientId}` };
        await recordAudit(db, { ...what, before, after, requestId });
        return after;
      }),
  }),
];

const viewOf = async (db: Queryable, clientId: number): Promise<z.input<typeof View>> => {
  const { may, explicit, role } = await loadClientRights(db, clientId);
  return { clientId, role, isExplicit: explicit !== null, permissions: may };
};
