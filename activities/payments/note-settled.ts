import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { depositIn, settle } from '../../db/repositories/settled-payments.ts';
import { settleTransaction } from '../../db/repositories/unsettled.ts';
import type { Activity } from '../kit/activity.ts';

export interface Settled {
  /** Of the deposit or address the provider told of it. */
  reference: string;
  what: string[];
}

/** A person has settled what could not become a deposit by itself: he is not asked again. */
export const noteSettled: Activity<Settled, void> = async ({ reference, what }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const deposits = what.filter((one) => depositIn(one) !== null);
    for (const one of deposits) await settleTransaction(db, depositIn(one)!);
    const others = what.filter((one) => depositIn(one) === null);
    const settled = [...deposits, ...(await settle(db, reference, others, 'by hand'))];
    if (settled.length === 0) return;
    const { rows } = await db.query<{ object: string }>(
      `select 'transaction:' || transaction_id as object from money_transaction where reference = $1
        union all select 'deposit-address:' || id from deposit_address where reference = $1`,
      [reference],
    );
    await recordAudit(db, {
      actor: 'workflow',
      action: 'arrivals.settled',
      object: rows[0]?.object ?? `arrivals:${reference}`,
      after: { settled },
      ...run,
    });
  });
