import type pg from 'pg';
import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../pool.ts';
import { ACCOUNT_PASSWORD_PURPOSE } from './account-changes.ts';
import { AUDIT_PURPOSE } from './audit-chain.ts';
import { CONNECTION_PURPOSE } from './connections.ts';
import { TOTP_PURPOSE } from './factors.ts';
import { MESSAGE_PURPOSE } from './messages.ts';
import { TEMPLATE_PURPOSE } from './payout-templates.ts';
import { TOKEN_KEY_PURPOSE } from './token-keys.ts';
import { USER_TOTP_PURPOSE } from './user-factors.ts';
import { WIZARD_PURPOSE } from './wizards.ts';

/** Every place where something is kept sealed with CONFIG_KEYS. A new one belongs here, else its keys cannot be rotated. */
const SEALED = [
  { table: 'connection', column: 'config', key: ['id'], purpose: CONNECTION_PURPOSE },
  {
    table: 'connection_settings',
    column: 'config',
    key: ['connection_id', 'version'],
    purpose: CONNECTION_PURPOSE,
  },
  { table: 'wizard_input', column: 'sealed', key: ['id'], purpose: WIZARD_PURPOSE },
  { table: 'wizard_outcome', column: 'sealed', key: ['run_id'], purpose: WIZARD_PURPOSE },
  { table: 'client_totp', column: 'sealed', key: ['client_id'], purpose: TOTP_PURPOSE },
  { table: 'hub_user_totp', column: 'sealed', key: ['user_id'], purpose: USER_TOTP_PURPOSE },
  { table: 'account_change', column: 'sealed', key: ['id'], purpose: ACCOUNT_PASSWORD_PURPOSE },
  { table: 'payout_template', column: 'sealed', key: ['id'], purpose: TEMPLATE_PURPOSE },
  { table: 'token_key', column: 'sealed', key: ['id'], purpose: TOKEN_KEY_PURPOSE },
  { table: 'message', column: 'sealed', key: ['id'], purpose: MESSAGE_PURPOSE },
  { table: 'audit_head', column: 'sealed', key: ['id'], purpose: AUDIT_PURPOSE },
] as const;

const AT_ONCE = 200;

/** SQL: the id of the key a value was sealed with (config/key-ring.ts has the form). */
const keyIdOf = (column: string) =>
  `case when length(${column}) > 1 + get_byte(${column}, 0) then encode(substring(${column} from 2 for get_byte(${column}, 0)), 'escape') else '' end`;

export interface KeyUse {
  table: string;
  keyId: string;
  count: number;
}

/** How many sealed values each key still opens. */
export const keysInUse = async (db: Queryable): Promise<KeyUse[]> => {
  const found: KeyUse[] = [];
  for (const { table, column } of SEALED) {
    const { rows } = await db.query<{ keyId: string; count: number }>(
      `select ${keyIdOf(column)} as "keyId", count(*)::int as count from ${table} where ${column} is not null group by 1 order by 1`,
    );
    found.push(...rows.map((row) => ({ table, ...row })));
  }
  return found;
};

export interface Resealed {
  done: number;
  /** '{table} {key}': what could not be opened with any key of the ring. */
  unreadable: string[];
}

/**
 * Seals everything anew with the ring's first key. Safe while the hub runs: a value that is changed meanwhile is left to whoever changed it. Stopped
 * half-way, it goes on where it was when called again.
 */
export const resealAll = async (pool: pg.Pool, ring: KeyRing): Promise<Resealed> => {
  const result: Resealed = { done: 0, unreadable: [] };
  for (const place of SEALED) {
    for (let after: number[] | null = null; ;) {
      const rows: Row[] = await nextOf(pool, place, ring, after);
      for (const { key, sealed } of rows) {
        const anew = resealed(ring, sealed, place.purpose);
        if (anew) result.done += await replace(pool, place, key, sealed, anew);
        else result.unreadable.push(`${place.table} ${key.join(' ')}`);
      }
      after = rows.at(-1)?.key ?? null;
      if (rows.length < AT_ONCE) break;
    }
  }
  return result;
};

type Place = (typeof SEALED)[number];

interface Row {
  key: number[];
  sealed: Buffer;
}

const nextOf = async (pool: pg.Pool, place: Place, ring: KeyRing, after: number[] | null): Promise<Row[]> =>
  (
    await pool.query<Row>(
      `select array[${place.key.join(', ')}] as key, ${place.column} as sealed from ${place.table}
        where ${place.column} is not null and ${keyIdOf(place.column)} <> $1 and ($2::int[] is null or array[${place.key.join(', ')}] > $2::int[]) order by 1 limit ${AT_ONCE}`,
      [ring.currentId, after],
    )
  ).rows;

const resealed = (ring: KeyRing, sealed: Buffer, purpose: string): Buffer | null => {
  try {
    return ring.seal(ring.open(sealed, purpose), purpose);
  } catch {
    return null; // its key is not in the ring, or it was changed by somebody else
  }
};

const replace = async (pool: pg.Pool, place: Place, key: number[], sealed: Buffer, anew: Buffer): Promise<number> => {
  const { rowCount } = await pool.query(
    `update ${place.table} set ${place.column} = $1 where ${place.column} = $2 and array[${place.key.join(', ')}] = $3::int[]`,
    [anew, sealed, key],
  );
  return rowCount ?? 0;
};
