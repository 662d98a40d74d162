import { z } from 'zod';
import { BlockedClient, type BlockedClientRow } from '../../../db/entities/security.ts';
import { inTransaction } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import type { ApiDeps } from '../../deps.ts';
import { actorName, scopeSql } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';
import { byIds, byWord, custom } from '../../kit/filters.ts';
import { type Procedure, procedure } from '../../kit/procedure.ts';
import { resource } from '../../kit/resource.ts';
import { idText, isoTime, text, time } from '../../kit/shapes.ts';

/** GET /security/addresses: clients who may not sign in, or whose codes are not taken, for a while after too many tries. */
export const blockedClients = resource({
  path: '/security/addresses',
  idParam: 'addressId',
  noun: 'blocked client',
  tag: 'Security',
  entity: BlockedClient,
  id: 'id',
  permission: 'blockedClients',
  clientProperty: 'clientId',
  filters: {
    clientId: byIds('clientId'),
    clientEmail: custom(text(254), (value) => ({ clientEmail: { $ilike: value.replace(/[\\%_]/g, '\\$&') } })),
    ip: byWord('ip'),
  },
  read: z
    .object({
      id: z.int(),
      clientId: z.int(),
      clientEmail: z.string(),
      ip: z.string().nullable().meta({ description: 'Where he may not come from; null: from anywhere, and of codes.' }),
      reason: z.enum(['Too many login attempts', 'Too many wrong codes']),
      createTime: time(),
      expireTime: time(),
    })
    .meta({ id: 'BlockedClient' }),
  present: (rows: BlockedClientRow[]) =>
    rows.map(({ id, clientId, clientEmail, ip, createTime, expireTime, ofCodes }) => ({
      ...{ id, clientId, clientEmail, ip: ip ?? null },
      reason: ofCodes ? ('Too many wrong codes' as const) : ('Too many login attempts' as const),
      ...{ createTime: isoTime(createTime), expireTime: isoTime(expireTime) },
    })),
  mask: (view) => ({ ...view, clientEmail: '*', ip: view.ip && '*' }),
  hides: ['clientEmail', 'ip'],
});

/** DELETE /security/addresses/{addressId} */
export const unblockProcedures = ({ pool }: ApiDeps): Procedure[] => [
  procedure('DELETE /security/addresses/{addressId}', {
    summary: 'Unblock a client',
    description: 'He may try again at once, and his failures so far are forgotten.',
    tags: ['Security'],
    access: 'user',
    permission: 'blockedClients.delete',
    params: z.object({ addressId: idText() }),
    answer: null,
    errors: [404],
    handle: ({ actor, params: { addressId }, requestId }) =>
      inTransaction(pool, async (db) => {
        const { rows } = await db.query<{ clientId: number; address: string | null; blockedUntil: Date }>(
          `delete from sign_in_guard where id = $1 and client_id is not null and blocked_until > now() and ${scopeSql(actor, 'sign_in_guard.client_id')}
           returning client_id as "clientId", address, blocked_until as "blockedUntil"`,
          [addressId],
        );
        const [row] = rows;
        if (!row) throw notFound('blocked client');
        await recordAudit(db, {
          actor: actorName(actor),
          action: 'blockedClients.delete',
          object: `client:${row.clientId}`,
          before: { anywhere: row.address === null, expireTime: isoTime(row.blockedUntil) },
          requestId,
        });
      }),
  }),
];
