import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import { HubFailure } from '../../domain/failures.ts';

const PASSWORD = 'password-hash';
const PROOFS = 'client-proofs';

/** Of a client `c`, SQL: all but the password that a code is asked by. A factor that was switched off and on again is another one. */
export const PROOFS_OF_CLIENT = `jsonb_build_array(lower(c.email), c.phone,
  (select jsonb_agg(jsonb_build_array(f.type, f.create_time) order by f.type) from client_factor f where f.client_id = c.client_id))::text`;

/** What a run keeps of the client it is begun for: keyed hashes of the password's hash, and of `proofs` (PROOFS_OF_CLIENT). */
export const keptClient = (ring: KeyRing, { hash, proofs }: { hash: string | null; proofs: string }) => ({
  passwordMark: ring.marks(hash ?? '', PASSWORD)[0].toString('base64'),
  proofsMark: ring.marks(proofs, PROOFS)[0].toString('base64'),
});

/** A client as his run finds him later. */
export interface LockedClient {
  email: string;
  status: string;
  hash: string | null;
  mustReset: boolean;
  proofs: string;
}

/** Holds the client's row, so that nothing of it changes before the run has had its effect. */
export const lockClient = async (db: Queryable, clientId: number | null): Promise<LockedClient | undefined> => {
  await db.query(`select from client where client_id = $1 for update`, [clientId]);
  const { rows } = await db.query<LockedClient>(
    `select email, status, password_hash as hash, must_reset_password as "mustReset", ${PROOFS_OF_CLIENT} as proofs from client c where client_id = $1`,
    [clientId],
  );
  return rows[0];
};

/**
 * A run waits for minutes, and meanwhile its client may have set another password, switched a factor on or changed his e-mail, so that nobody goes on with
 * what he got hold of before. Throws `restricted` unless all is as it was kept, or the run itself set the password. A run of before kept no mark of proofs.
 */
export const assertUnchanged = (
  ring: KeyRing,
  { hash, proofs }: LockedClient,
  draft: Record<string, unknown>,
): void => {
  const { passwordHash, passwordMark, proofsMark } = draft as Record<string, string | undefined>;
  const isMarked = (value: string, purpose: string, mark: string | undefined) =>
    ring.marks(value, purpose).some((one) => one.toString('base64') === mark);
  const isOwn = hash !== null && hash === passwordHash;
  const isPassword = isOwn || isMarked(hash ?? '', PASSWORD, passwordMark);
  if (!isPassword || (proofsMark !== undefined && !isMarked(proofs, PROOFS, proofsMark))) throw changed();
};

/** Throws `restricted` unless the client may sign in, and what his run was begun with still holds. Holds his row before tokens are made. */
export const assertStillWelcome = async (
  db: Queryable,
  ring: KeyRing,
  clientId: number | null,
  draft: Record<string, unknown>,
): Promise<{ email: string }> => {
  const client = await lockClient(db, clientId);
  if (client?.status !== 'active' || client.mustReset || client.hash === null) throw changed();
  assertUnchanged(ring, client, draft);
  return client;
};

export const changed = () =>
  new HubFailure('Rejected', 'restricted', 'Your profile has changed meanwhile. Start again.');
