import { z } from 'zod';
import { AuthorizationRecord, type AuthorizationRecordRow } from '../../../db/entities/people.ts';
import { byIds, byWord, byWords } from '../../kit/filters.ts';
import { resource } from '../../kit/resource.ts';
import { isoTime, time } from '../../kit/shapes.ts';

/** objects-front-office 2.2; where somebody was by his address is not known here. */
const View = z
  .object({
    id: z.int(),
    clientId: z.int(),
    ip: z.string(),
    status: z.enum(['success', 'failure']),
    authDateTime: time(),
    country: z.null(),
    city: z.null(),
    device: z.null(),
    userAgent: z.string().nullable(),
    reason: z.string().nullable().meta({
      description:
        'bad_credentials, blocked, inactive, invalid_code, token_reused; signed_out_everywhere, signed_out_by_operator',
    }),
  })
  .meta({ id: 'AuthorizationRecord' });

const shared = {
  idParam: 'authorizationId',
  noun: 'authorization record',
  entity: AuthorizationRecord,
  id: 'id' as const,
  clientProperty: 'clientId' as const,
  sorts: { authDateTime: 'createTime', createTime: 'createTime' },
  read: View,
  present: (rows: AuthorizationRecordRow[]) =>
    rows.map(({ id, clientId, ip, status, userAgent, reason, createTime }) => ({
      ...{ id, clientId, ip, status, country: null, city: null, device: null },
      userAgent: userAgent ?? null,
      reason: reason ?? null,
      authDateTime: isoTime(createTime),
    })),
};
const filters = { ip: byWord('ip'), status: byWords('status') };

/** GET /clients/authorizations: who signed in, and who tried to. */
export const authorizations = resource({
  ...shared,
  path: '/clients/authorizations',
  tag: 'Clients',
  permission: 'clients',
  filters: { ...filters, clientId: byIds('clientId') },
  mask: (view) => ({ ...view, ip: '*', userAgent: null }),
});

/** GET /my/authorizations. */
export const myAuthorizations = resource({
  ...shared,
  path: '/my/authorizations',
  tag: 'My profile',
  access: 'client',
  filters,
});
