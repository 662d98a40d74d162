import { directionOf } from '../../db/repositories/corrections.ts';
import type { Queryable } from '../../db/pool.ts';
import { anyOf } from '../../db/unseen.ts';
import type { Amount } from '../../domain/money.ts';
import { NOT_MOVED, STAGES, type Stage } from '../../domain/stages.ts';

interface Other {
  id: number;
  settles: number | null;
  transactionId: number;
  direction: 'fromClient' | 'toClient';
  amount: Amount;
  currency: string;
  stage: Stage;
}

/**
 * What an approver must know of open corrections: others of the same transaction, and where one of the two does not say what it puts right, those that move as much of the same wallet
 * in the same direction.
 */
export const correctionWarnings = async (
  db: Queryable,
  requestIds: readonly number[],
): Promise<Map<number, string[]>> => {
  if (requestIds.length === 0) return new Map();
  const { rows } = await db.query<Other>(
    `select a.id, case when ko.settles = k.settles then k.settles end as settles, o.transaction_id as "transactionId", ${directionOf('o')} as direction,
            trim_scale(o.amount)::text as amount, cur.alphabetic_code as currency, o.stage
       from application a join money_transaction t on t.transaction_id = a.transaction_id join correction k on k.transaction_id = t.transaction_id
       join money_transaction o on o.transaction_id <> t.transaction_id and o.stage <> all ($2)
        and o.client_id = t.client_id
       join correction ko on ko.transaction_id = o.transaction_id join currency cur on cur.numeric_code = o.currency
      where a.id = ${anyOf(1)}
        and (ko.settles = k.settles or ((ko.settles is null or k.settles is null) and o.amount = t.amount
             and o.debit_account_id is not distinct from t.debit_account_id and o.credit_account_id is not distinct from t.credit_account_id))
      order by o.transaction_id`,
    [requestIds, NOT_MOVED],
  );
  const warnings = new Map<number, string[]>();
  for (const row of rows) warnings.set(row.id, [...(warnings.get(row.id) ?? []), inWords(row)]);
  return warnings;
};

const inWords = ({ settles, transactionId, direction, amount, currency, stage }: Other): string => {
  const other = `Correction ${transactionId} (${direction} ${amount} ${currency}, ${STAGES[stage]})`;
  return settles === null
    ? `${other} moves as much of this wallet, and one of the two does not say what it puts right.`
    : `${other} puts transaction ${settles} right as well.`;
};
