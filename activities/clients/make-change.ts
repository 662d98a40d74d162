import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import type { ClientChange } from '../../db/repositories/client-changes.ts';
import { noteProfileChanges } from '../../db/repositories/profile-changes.ts';
import { ABOUT_KIND } from '../../domain/client-changes.ts';
import { HubFailure } from '../../domain/failures.ts';
import { queueMessage } from '../messaging/queue-message.ts';
import { kindOf } from './kinds.ts';
import type { Obstacle } from './kinds/kind.ts';

type Change = Pick<ClientChange, 'changeId' | 'clientId' | 'kind' | 'wanted'>;

const GONE: Record<string, string> = {
  banned: 'The client is banned.',
  deleted: 'The client is deleted.',
};

/** Why a change cannot be made as things are; null: it can. With a transaction it holds the client's row, so that the answer stays true. */
export const obstacleTo = async (
  db: Queryable,
  { clientId, kind, wanted }: Omit<Change, 'changeId'>,
): Promise<Obstacle | null> => {
  const { rows } = await db.query<{ status: string }>(`select status from client where client_id = $1 for update`, [
    clientId,
  ]);
  const gone = GONE[rows[0]?.status ?? 'deleted'];
  return gone ? { reason: 'restricted', issue: gone } : kindOf(kind).obstacle(db, clientId, wanted as never);
};

/**
 * Makes a change that nothing stands against, in the transaction of `db`. Answers what came of it and the messages to start. Throws `Unavailable` when
 * somebody else was quicker: whoever comes again sees what stands against it.
 */
export const makeChange = async (
  db: Queryable,
  ring: KeyRing,
  { changeId, clientId, kind, wanted }: Change,
  userId: number | null,
): Promise<{ madeId: number | null; messages: number[] }> => {
  const { rows } = await db.query<{ email: string; locale: string; firstName: string }>(
    `select email, locale, first_name as "firstName" from client where client_id = $1`,
    [clientId],
  );
  const { history, madeId = null } = await kindOf(kind)
    .make(db, clientId, wanted as never)
    .catch(whenOvertaken);
  await noteProfileChanges(db, clientId, history, userId);
  const { email, locale, firstName } = rows[0]!;
  const said = { template: 'ProfileChanged', parameters: { firstName, what: ABOUT_KIND[kind].words } };
  const messages =
    kind === 'deactivation'
      ? await queueMessage(db, ring, { to: { email, locale }, template: 'ProfileDeleted', key: `change:${changeId}` })
      : await queueMessage(db, ring, { to: { clientId }, ...said, key: `change:${changeId}` });
  // Whoever reads the old mailbox learns it too.
  if (kind === 'email')
    messages.push(...(await queueMessage(db, ring, { to: { email, locale }, ...said, key: `change:${changeId}:old` })));
  return { madeId, messages };
};

/** What was free or there a moment ago is taken or gone (SQLSTATE 23505, 23503). */
const whenOvertaken = (error: unknown): never => {
  const code = String((error as { code?: unknown }).code);
  if (!['23505', '23503'].includes(code)) throw error;
  throw new HubFailure('Unavailable', 'unavailable', `Somebody else was quicker: ${code}.`, { retryAfter: 1 });
};
