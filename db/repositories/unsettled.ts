import { FINAL_STAGES } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';
import { settle } from './settled-payments.ts';

/** What a person has to look at although the transaction is over. */
export interface Unsettled {
  why: string;
  /** Named as in `settled_payment`; null: nothing is to be remembered of it. */
  asked: string | null;
}

/** `asked` of a transaction that is not over, and whose run was ended from outside. */
export const RUN_ENDED = 'run';
const ITS_RUN_ENDED =
  'Its run was ended from outside (terminated in Temporal, or failed for good): nothing goes on by itself, what is held stays held. POST /transactions/{id}/resume goes on with it, and asks the provider first what was sent.';

/** Puts a transaction that is over before a person. False when he is asked the very same already. */
export const askAbout = async (db: Queryable, transactionId: number, { why, asked }: Unsettled): Promise<boolean> => {
  const { rowCount } = await db.query(
    `update money_transaction set needs_human = $2, asked = $3, update_time = now()
      where transaction_id = $1 and (needs_human, asked) is distinct from ($2, $3)`,
    [transactionId, why, asked],
  );
  return rowCount === 1;
};

/** What a person is asked about it at this moment. */
export const askedAbout = async (
  db: Queryable,
  transactionId: number,
): Promise<{ why: string | null; asked: string | null }> =>
  (
    await db.query<{ why: string | null; asked: string | null }>(
      `select needs_human as why, asked from money_transaction where transaction_id = $1`,
      [transactionId],
    )
  ).rows[0]!;

/** What a person was asked about it is not so any more. What else he is asked stays. */
export const askNoMore = async (db: Queryable, transactionId: number, asked: string): Promise<void> =>
  void (await db.query(
    `update money_transaction set needs_human = null, asked = null, update_time = now() where transaction_id = $1 and asked = $2`,
    [transactionId, asked],
  ));

/** Puts a transaction that nobody tells any more before a person. False when it is over, or he is asked already. */
export const askAboutItsRun = async (db: Queryable, transactionId: number): Promise<boolean> =>
  (
    await db.query(
      `update money_transaction set needs_human = $2, asked = $3, update_time = now()
        where transaction_id = $1 and asked is distinct from $3 and stage <> all ($4)`,
      [transactionId, ITS_RUN_ENDED, RUN_ENDED, FINAL_STAGES],
    )
  ).rowCount === 1;

/** A run tells it again. What that one asks by now stays. */
export const askNoMoreAboutItsRun = async (db: Queryable, transactionId: number): Promise<void> =>
  void (await db.query(
    `update money_transaction set needs_human = nullif(needs_human, $2), asked = null, update_time = now() where transaction_id = $1 and asked = $3`,
    [transactionId, ITS_RUN_ENDED, RUN_ENDED],
  ));

/**
 * A person has settled what he was asked about a transaction that is over: it is remembered, and asked no more. `also`: what he saw, where the row may
 * not tell it. Null when nothing was to be settled.
 */
export const settleTransaction = async (
  db: Queryable,
  transactionId: number,
  also: string[] = [],
): Promise<{ why: string | null; settled: string[] } | null> => {
  const { rows } = await db.query<{ reference: string; why: string | null; asked: string | null }>(
    `select reference, needs_human as why, asked from money_transaction where transaction_id = $1 and stage = any ($2) for update`,
    [transactionId, FINAL_STAGES],
  );
  if (!rows[0]) return null;
  const { reference, why, asked } = rows[0];
  const settled = await settle(db, reference, [...new Set([...(asked === null ? [] : [asked]), ...also])], 'by hand');
  if (why === null && settled.length === 0) return null;
  await db.query(
    `update money_transaction set needs_human = null, asked = null, update_time = now() where transaction_id = $1`,
    [transactionId],
  );
  return { why, settled };
};
