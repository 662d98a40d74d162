import type pg from 'pg';
import type { Amount } from '../../domain/money.ts';
import { inTransaction } from '../pool.ts';

/**
 * A transfer's turn to take money out of its trading account, kept until it is over. Answers what those before it may still take: whether the platform has done
 * that already is not known, so it is no longer there for this one. Harmless to repeat.
 */
export const takeTurn = (
  pool: pg.Pool,
  { transactionId, accountId }: { transactionId: number; accountId: number },
): Promise<Amount> =>
  inTransaction(pool, async (db) => {
    // Turns are seen in the order in which they are given.
    await db.query(`select from account where account_id = $1 for no key update`, [accountId]);
    await db.query(
      `delete from taken_out o using money_transaction t
        where o.account_id = $1 and t.transaction_id = o.transaction_id and t.process_time is not null`,
      [accountId],
    );
    await db.query(
      `insert into taken_out (transaction_id, account_id) values ($1, $2) on conflict (transaction_id) do nothing`,
      [transactionId, accountId],
    );
    const { rows } = await db.query<{ before: Amount }>(
      `select trim_scale(coalesce(sum(t.amount), 0))::text as before
         from taken_out mine join taken_out o on o.account_id = mine.account_id and o.turn < mine.turn
         join money_transaction t on t.transaction_id = o.transaction_id
        where mine.transaction_id = $1`,
      [transactionId],
    );
    return rows[0]!.before;
  });
