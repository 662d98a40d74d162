import type { KeyRing } from '../../config/key-ring.ts';
import type { Queryable } from '../../db/pool.ts';
import type { Amount } from '../../domain/money.ts';
import { openChannels, queueMessage } from './queue-message.ts';

/** Promises the client a message about a transaction, once for each template, within the transaction of `db`. Answers what to start after it. */
export const tellClient = async (
  db: Queryable,
  ring: KeyRing,
  template: 'DepositSuccessful' | 'WithdrawDone' | 'RequestReceived' | 'RequestRejected',
  { transactionId, amount, reason = '' }: { transactionId: number; amount: Amount | null; reason?: string },
): Promise<number[]> => {
  if ((await openChannels(db)).length === 0) return [];
  const { rows } = await db.query<{ clientId: number; account: string; currency: string; ordered: string }>(
    `select t.client_id as "clientId", coalesce(a.account_number, '') as account, c.alphabetic_code as currency, trim_scale(t.amount)::text as ordered
       from money_transaction t join currency c on c.numeric_code = t.currency
       left join account a on a.account_id = case t.type when 'deposit' then t.credit_account_id else t.debit_account_id end
      where t.transaction_id = $1`,
    [transactionId],
  );
  if (!rows[0]) return [];
  const { clientId, account, currency, ordered } = rows[0];
  const parameters = { amount: amount ?? ordered, currency, account, transactionId: String(transactionId), reason };
  return queueMessage(db, ring, { to: { clientId }, template, parameters, key: `${template}:${transactionId}` });
};
