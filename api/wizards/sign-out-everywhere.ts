import { noteAuthorization } from '../../activities/wizards/note-authorization.ts';
import type { Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { revokeTokens } from '../../db/repositories/refresh-tokens.ts';

/** Ends every sign-in of a client. `ip`: his own, never an operator's, for he sees it in his history. */
export const signOutEverywhere = async (
  db: Queryable,
  by: { clientId: number; actor: string; ip: string; userAgent: string | null; requestId: string },
): Promise<void> => {
  const { clientId, actor, ip, userAgent, requestId } = by;
  const object = `client:${clientId}`;
  // First the client, as everybody does who ends his sign-ins.
  await db.query(`select from client where client_id = $1 for no key update`, [clientId]);
  await revokeTokens(db, { subjects: [object] });
  const reason = actor === object ? 'signed_out_everywhere' : 'signed_out_by_operator';
  await noteAuthorization(db, { clientId, status: 'success', reason, ip, userAgent });
  await recordAudit(db, { actor, action: 'clients.signout-everywhere', object, requestId });
};
