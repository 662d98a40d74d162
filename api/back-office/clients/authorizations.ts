import { z } from 'zod';
import { AuthorizationRecord, type AuthorizationRecordRow } from '../../../db/entities/people.ts';
import { agentOf } from '../../../domain/user-agents.ts';
import type { ApiDeps } from '../../deps.ts';
import { byIds, byWord, byWords } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { isoTime, time } from '../../kit/shapes.ts';

/** objects-front-office 2.2 */
const OUTCOMES = ['success', 'failure'] as const;

const View = z
  .object({
    id: z.int(),
    clientId: z.int(),
    ip: z.string(),
    status: z.enum(OUTCOMES),
    authDateTime: time(),
    country: z.string().nullable().meta({ description: 'Of the address, where the broker has a database of places.' }),
    city: z.string().nullable(),
    device: z.string().nullable(),
    userAgent: z.string().nullable(),
    reason: z.string().nullable().meta({
      description:
        'bad_credentials, blocked, inactive, invalid_code, token_reused; signed_out_everywhere, signed_out_by_operator',
    }),
  })
  .meta({ id: 'AuthorizationRecord' });

const shared = ({ places }: ApiDeps) => ({
  idParam: 'authorizationId',
  noun: 'authorization record',
  entity: AuthorizationRecord,
  id: 'id' as const,
  clientProperty: 'clientId' as const,
  sorts: { authDateTime: 'createTime', createTime: 'createTime' },
  read: View,
  present: (rows: AuthorizationRecordRow[]) =>
    rows.map(({ id, clientId, ip, status, userAgent, reason, createTime }) => ({
      ...{ id, clientId, ip, status },
      ...places(ip),
      device: userAgent ? agentOf(userAgent).name : null,
      userAgent: userAgent ?? null,
      reason: reason ?? null,
      authDateTime: isoTime(createTime),
    })),
});
const filters = { ip: byWord('ip'), status: byWords('status', OUTCOMES) };

/** GET /clients/authorizations: who signed in, and who tried to. */
export const authorizations = (deps: ApiDeps) =>
  resource({
    ...shared(deps),
    path: '/clients/authorizations',
    tag: 'Clients',
    permission: 'clients',
    filters: { ...filters, clientId: byIds('clientId') },
    mask: (view) => ({ ...view, ip: '*', city: null, userAgent: null }),
    hides: ['ip'],
  })(deps);

/** GET /my/authorizations. */
export const myAuthorizations = (deps: ApiDeps) =>
  resource({
    ...shared(deps),
    path: '/my/authorizations',
    tag: 'My profile',
    access: 'client',
    filters,
  })(deps);
