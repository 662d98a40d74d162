import { createHash, randomBytes } from 'node:crypto';
import type { Queryable } from '../pool.ts';

const HOW_MANY = 10;
/** Crockford's: no letter is taken for a digit. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const LENGTH = 16;

/** '7k2m-9xqp-0r4t-c8wz': 80 random bits. */
const newCode = (): string =>
  [...randomBytes(LENGTH)].map((byte, at) => (at % 4 === 0 && at > 0 ? '-' : '') + ALPHABET[byte % 32]).join('');

/** However it was typed. */
const plain = (code: string): string =>
  code.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1');

const hashOf = (clientId: number, code: string): Buffer =>
  createHash('sha256')
    .update(`${clientId}:${plain(code)}`)
    .digest();

/** A new set; none of before does any more. These are the only time that anybody sees them. */
export const issueRecoveryCodes = async (db: Queryable, clientId: number): Promise<string[]> => {
  const codes = Array.from({ length: HOW_MANY }, newCode);
  await db.query(`delete from client_recovery_code where client_id = $1`, [clientId]);
  await db.query(`insert into client_recovery_code (client_id, hash) select $1, unnest($2::bytea[])`, [
    clientId,
    codes.map((code) => hashOf(clientId, code)),
  ]);
  return codes;
};

/** How many are left; null: none were ever given. */
export const recoveryCodesLeft = async (db: Queryable, clientId: number): Promise<number | null> => {
  const { rows } = await db.query<{ all: number; left: number }>(
    `select count(*)::int as all, (count(*) filter (where used_at is null))::int as left from client_recovery_code where client_id = $1`,
    [clientId],
  );
  const { all, left } = rows[0]!;
  return all === 0 ? null : left;
};

/** False when it is none of his, or was used in another run. */
export const useRecoveryCode = async (
  db: Queryable,
  { clientId, code, runId }: { clientId: number; code: string; runId: number },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `update client_recovery_code set used_run = $3, used_at = coalesce(used_at, now())
      where client_id = $1 and hash = $2 and (used_at is null or used_run = $3)`,
    [clientId, hashOf(clientId, code), runId],
  );
  return rowCount === 1;
};
