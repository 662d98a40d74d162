import { z } from 'zod';
import { inTransaction } from '../../../db/pool.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName, assertSees } from '../../kit/access.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { idText } from '../../kit/shapes.ts';
import { signOutEverywhere } from '../../wizards/sign-out-everywhere.ts';

/** What operators do about where a client is signed in. */
export const clientSessionProcedures = ({ pool, access }: ApiDeps): Procedure[] => [
  procedure('DELETE /clients/{clientId}/sessions', {
    summary: 'End all sign-ins of a client',
    description: 'He sees it in his history of sign-ins.',
    tags: ['Clients'],
    access: 'user',
    permission: 'clients.update',
    params: z.object({ clientId: idText() }),
    answer: null,
    errors: [404],
    handle: async ({ actor, params: { clientId }, requestId }) => {
      await inTransaction(pool, async (db) => {
        await assertSees(db, actor, clientId);
        await signOutEverywhere(db, { clientId, actor: actorName(actor), ip: '', userAgent: null, requestId });
      });
      access.forgetActor({ kind: 'client', id: clientId });
    },
  }),
];
