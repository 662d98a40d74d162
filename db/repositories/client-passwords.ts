import type { Queryable } from '../pool.ts';
import { revokeTokens } from './refresh-tokens.ts';
import { openAllDoors } from './sign-in-guard.ts';

export const PASSWORD_CHANGES = ['restored', 'changed', 'changedByAdmin'] as const;

export interface NewPassword {
  clientId: number;
  /** argon2id. */
  passwordHash: string;
  type: (typeof PASSWORD_CHANGES)[number];
  /** The wizard run that sets it: once. */
  runId?: number;
  /** The operator who sets it. */
  userId?: number;
  ip: string | null;
  /** The sign-in that is not over. */
  staying?: string | null;
}

/** A client's new password counts: his sign-ins are over, and what his wrong passwords closed is open again. False: this run has set it before. */
export const setClientPassword = async (
  db: Queryable,
  { clientId, passwordHash, type, runId, userId, ip, staying }: NewPassword,
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `insert into password_change (client_id, type, run_id, user_id, ip) values ($1, $2, $3, $4, $5) on conflict (run_id) do nothing`,
    [clientId, type, runId ?? null, userId ?? null, ip],
  );
  if (rowCount === 0) return false;
  await db.query(
    `update client set password_hash = $2, must_reset_password = false, update_time = now() where client_id = $1`,
    [clientId, passwordHash],
  );
  await revokeTokens(db, { subjects: [`client:${clientId}`], except: staying ?? null });
  await openAllDoors(db, { clientId });
  return true;
};
