import type { Amount } from '../../domain/money.ts';
import { NOT_MOVED, type Stage } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';

/** What a transfer with one side is besides: a wallet put right against the broker's own books. */
export interface Correction {
  /** The ledger's account on the other side. */
  against: string;
  /** For operators. */
  reason: string;
  /** The transaction it puts right. */
  settles: number | null;
}

export const keepCorrection = async (db: Queryable, transactionId: number, correction: Correction): Promise<void> => {
  await db.query(`insert into correction (transaction_id, against, reason, settles) values ($1, $2, $3, $4)`, [
    transactionId,
    correction.against,
    correction.reason,
    correction.settles,
  ]);
};

export const loadCorrection = async (db: Queryable, transactionId: number): Promise<Correction> =>
  (
    await db.query<Correction>(`select against, reason, settles from correction where transaction_id = $1`, [
      transactionId,
    ])
  ).rows[0]!;

/** What a correction of this account may settle: its type, locked, so that of two at once the second sees the first. Null: nothing of this account. */
export const settledByCorrection = async (
  db: Queryable,
  accountId: number,
  transactionId: number,
): Promise<'deposit' | 'withdrawal' | 'transfer' | null> =>
  (
    await db.query<{ type: 'deposit' | 'withdrawal' | 'transfer' }>(
      `select type from money_transaction where transaction_id = $1 and $2 in (debit_account_id, credit_account_id) for update`,
      [transactionId, accountId],
    )
  ).rows[0]?.type ?? null;

/** One that puts the same transaction right. */
export interface Sibling {
  transactionId: number;
  direction: 'fromClient' | 'toClient';
  amount: Amount;
  currency: string;
  against: 'suspense' | 'clearing';
  stage: Stage;
}

/** All that were ever ordered to put a transaction right, oldest first. Read when that is locked: two at once would both find nothing. */
export const correctionsOf = async (db: Queryable, settles: number): Promise<Sibling[]> =>
  (
    await db.query<Sibling>(
      `select m.transaction_id as "transactionId", ${directionOf('m')} as direction, trim_scale(m.amount)::text as amount, cur.alphabetic_code as currency,
              ${sideOf('k')} as against, m.stage
         from correction k join money_transaction m on m.transaction_id = k.transaction_id join currency cur on cur.numeric_code = m.currency
        where k.settles = $1 order by m.transaction_id`,
      [settles],
    )
  ).rows;

/** SQL: which way the correction of this row of `money_transaction` goes. */
export const directionOf = (row: string): string =>
  `case when ${row}.debit_account_id is null then 'toClient' else 'fromClient' end`;

const sideOf = (row: string): string =>
  `case when ${row}.against like 'house:suspense:%' then 'suspense' else 'clearing' end`;

/** What was taken back of a deposit, was not covered by its wallet, and is neither collected nor about to be. */
export const stillOwedOf = async (db: Queryable, depositId: number): Promise<Amount> =>
  (
    await db.query<{ owed: Amount }>(
      `select trim_scale(greatest(0, (select coalesce(sum(from_suspense), 0) from deposit_reversal where transaction_id = $1 and booked)
                - (select coalesce(sum(case when m.debit_account_id is not null then m.amount when m.stage = 'done' then -m.amount end), 0)
                     from correction k join money_transaction m on m.transaction_id = k.transaction_id
                    where k.settles = $1 and k.against like 'house:suspense:%' and m.stage <> all ($2))))::text as owed`,
      [depositId, NOT_MOVED],
    )
  ).rows[0]!.owed;

/** SQL: a row of `correction` as operators read it; null where there is none. */
export const correctionJson = (row: string): string =>
  `case when ${row}.transaction_id is not null then jsonb_build_object(
     'against', ${sideOf(row)},
     'connectionId', substring(${row}.against from '^provider:(\\d+):')::integer, 'reason', ${row}.reason, 'settles', ${row}.settles) end`;
