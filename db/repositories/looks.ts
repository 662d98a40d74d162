import type { Queryable } from '../pool.ts';

/** What is known under a reference of ours, a deposit or a client's address, is asked about within the hour. */
export const lookSoon = async (db: Queryable, reference: string): Promise<void> => {
  await db.query(`update deposit_address set next_look = now() + interval '1 hour' where reference = $1`, [reference]);
  await db.query(
    `update money_transaction t set next_look = now() + interval '1 hour' from payment_method m
      where t.reference = $1 and t.type = 'deposit' and m.id = t.method_id and m.flow <> 'manual'`,
    [reference],
  );
};
