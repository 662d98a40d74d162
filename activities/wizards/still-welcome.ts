import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import { HubFailure } from '../../domain/failures.ts';

const PURPOSE = 'password-hash';

/** What a sign-in keeps of the password it was begun with: a keyed hash of the hash. */
export const keptPassword = (ring: KeyRing, hash: string) => ({
  passwordMark: ring.marks(hash, PURPOSE)[0].toString('base64'),
});

/**
 * A run waits for minutes, and meanwhile the client may be closed, his password changed or a new one wanted. Throws `restricted` unless what its password
 * step found still holds, or the run itself set the password. Holds the client's row, so that nothing of it changes before tokens are made.
 */
export const assertStillWelcome = async (
  db: Queryable,
  ring: KeyRing,
  clientId: number | null,
  draft: Record<string, unknown>,
): Promise<{ email: string }> => {
  const { rows } = await db.query<{ email: string; status: string; hash: string | null; mustReset: boolean }>(
    `select email, status, password_hash as hash, must_reset_password as "mustReset" from client where client_id = $1 for update`,
    [clientId],
  );
  const client = rows[0];
  const { passwordHash, passwordMark } = draft as { passwordHash?: string; passwordMark?: string };
  const isSame = (hash: string) =>
    hash === passwordHash || ring.marks(hash, PURPOSE).some((mark) => mark.toString('base64') === passwordMark);
  if (client?.status === 'active' && !client.mustReset && client.hash !== null && isSame(client.hash)) return client;
  throw new HubFailure('Rejected', 'restricted', 'Your profile has changed meanwhile. Start again.');
};
