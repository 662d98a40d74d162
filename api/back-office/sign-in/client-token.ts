import { z } from 'zod';
import { recordAudit } from '../../../db/repositories/audit.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName, assertSees } from '../../kit/access.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { id } from '../../kit/shapes.ts';
import { TokenPair } from './sign-in.ts';

/** Until clients can sign in themselves: a client's tokens for developers. In production the route does not exist. */
export const clientTokenProcedures = ({ settings, pool, tokens }: ApiDeps): Procedure[] =>
  settings.hubMode !== 'embedded'
    ? []
    : [
        procedure('POST /dev/client-token', {
          summary: 'DEVELOPMENT ONLY: tokens of a client',
          description:
            "Exists only in embedded mode. An operator gets a client's tokens without the client having signed in.",
          tags: ['Development'],
          access: 'user',
          permission: 'clients.update',
          errors: [404],
          body: z.strictObject({ clientId: id() }),
          answer: TokenPair,
          status: 201,
          handle: async ({ actor, body, requestId }) => {
            await assertSees(pool, actor, body.clientId, 'client', 'clientId');
            const object = `client:${body.clientId}`;
            await recordAudit(pool, { actor: actorName(actor), action: 'clients.dev-token', object, requestId });
            return tokens.open({ kind: 'client', id: body.clientId });
          },
        }),
      ];
