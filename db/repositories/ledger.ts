import { HubFailure } from '../../domain/failures.ts';
import type { Amount } from '../../domain/money.ts';
import type { Reason } from '../../domain/reasons.ts';
import type { Queryable } from '../pool.ts';

export type LedgerTransfer =
  | { do: 'post'; from: string; to: string; amount: Amount }
  | { do: 'hold'; from: string; amount: Amount }
  /** Capturing less than was held gives the rest back. */
  | { do: 'capture'; hold: string; to: string; amount: Amount }
  | { do: 'release'; hold: string };

export interface Balance {
  balance: Amount;
  held: Amount;
  available: Amount;
}

export interface Posted {
  /** True when this operation was posted before: nothing moved now. What was written with it stands too, and more may have come after. */
  replayed: boolean;
  accounts: Record<string, Balance>;
}

/** What the posting function refuses, in our words. */
const REFUSALS: Record<string, readonly ['Rejected' | 'InvalidInput' | 'NotFound', Reason]> = {
  LG001: ['Rejected', 'insufficient_funds'],
  LG002: ['Rejected', 'operation_key_reused'],
  LG003: ['NotFound', 'not_found'],
  LG004: ['InvalidInput', 'currency_mismatch'],
  LG005: ['InvalidInput', 'too_many_decimals'],
  LG006: ['Rejected', 'hold_settled'],
  LG007: ['NotFound', 'not_found'],
  LG008: ['InvalidInput', 'validation'],
};

const SAID: Partial<Record<Reason, string>> = { insufficient_funds: 'Insufficient funds.' };

/**
 * Posts one operation, whole or not at all. Idempotent by `key`; the same key with other transfers is refused.
 * Throws HubFailure `Rejected` (insufficient_funds, operation_key_reused, hold_settled), `InvalidInput` or `NotFound`.
 */
export const post = async (db: Queryable, key: string, transfers: readonly LedgerTransfer[]): Promise<Posted> => {
  try {
    const { rows } = await db.query<{ posted: Posted }>(`select ledger_post($1, $2::jsonb) as posted`, [
      key,
      JSON.stringify(transfers),
    ]);
    return rows[0]!.posted;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const refusal = code ? REFUSALS[code] : undefined;
    if (!refusal) throw error;
    throw new HubFailure(refusal[0], refusal[1], SAID[refusal[1]] ?? message, { providerCode: code! });
  }
};

const standingOf = async (db: Queryable, holdKey: string): Promise<'held' | 'settled' | null> =>
  (
    await db.query<{ standing: 'held' | 'settled' }>(
      `select case when exists (select from ledger_transfer s where s.settles = h.id) then 'settled' else 'held' end as standing
         from ledger_transfer h where h.operation_key = $1 and h.kind = 'hold'`,
      [holdKey],
    )
  ).rows[0]?.standing ?? null;

/** Whether what this operation held is held still. */
export const isHeld = async (db: Queryable, holdKey: string): Promise<boolean> =>
  (await standingOf(db, holdKey)) === 'held';

/** Whether what this operation held was captured or released. */
export const isSettled = async (db: Queryable, holdKey: string): Promise<boolean> =>
  (await standingOf(db, holdKey)) === 'settled';

/** Opens a client's ledger account. The house's and the providers' accounts open themselves on first use. */
export const openLedgerAccount = async (
  db: Queryable,
  code: string,
  kind: 'wallet' | 'trading',
  currency: number,
): Promise<void> => {
  // A trading mirror holds only what we moved, so profits taken out may bring it below zero.
  await db.query(`select ledger_open_account($1, $2, $3, $4)`, [code, kind, currency, kind === 'trading']);
};

export interface Breach {
  invariant: string;
  subject: string;
  detail: string;
}

/** Recomputes every invariant from the postings; empty = the books are right. */
export const checkLedger = async (db: Queryable): Promise<Breach[]> =>
  (await db.query<Breach>(`select * from ledger_check()`)).rows;
