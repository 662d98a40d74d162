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
  const { rows } = await db.query<{
    clientId: number;
    account: string;
    currency: string;
    received: string;
    ordered: string;
  }>(
    `select t.client_id as "clientId", coalesce(a.account_number, '') as account, c.alphabetic_code as currency, trim_scale(t.amount)::text as ordered,
            coalesce(r.alphabetic_code, c.alphabetic_code) as received
       from money_transaction t join currency c on c.numeric_code = t.currency
       left join transaction_exchange x on x.transaction_id = t.transaction_id left join currency r on r.numeric_code = x.currency
       left join account a on a.account_id = case t.type when 'deposit' then t.credit_account_id else t.debit_account_id end
      where t.transaction_id = $1`,
    [transactionId],
  );
  if (!rows[0]) return [];
  const { clientId, account, ordered, received } = rows[0];
  // What is done is told as it was received, all else as it was ordered.
  const currency = template === 'DepositSuccessful' || template === 'WithdrawDone' ? received : rows[0].currency;
  const parameters = { amount: amount ?? ordered, currency, account, transactionId: String(transactionId), reason };
  return queueMessage(db, ring, { to: { clientId }, template, parameters, key: `${template}:${transactionId}` });
};
