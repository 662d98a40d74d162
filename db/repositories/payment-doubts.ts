import type { Queryable } from '../pool.ts';
import { doubtNamed } from './settled-payments.ts';

/** A credited payment is not confirmed any more: known until it is, or was taken back, or a person has settled it. */
export const noteDoubt = async (
  db: Queryable,
  doubt: { transactionId: number; payment: string; references: readonly string[]; why: string },
): Promise<void> => {
  await db.query(
    `insert into payment_doubt (transaction_id, payment, known_as, why) values ($1, $2, $3, $4)
     on conflict (transaction_id, payment) do update set known_as = excluded.known_as, why = excluded.why`,
    [doubt.transactionId, doubt.payment, doubt.references, doubt.why],
  );
};

export const dropDoubt = async (db: Queryable, transactionId: number, payment: string): Promise<void> => {
  await db.query(`delete from payment_doubt where transaction_id = $1 and payment = $2`, [transactionId, payment]);
};

/** SQL: a row of `money_transaction` of which a payment is in doubt. */
export const isInDoubt = (deposit: string): string =>
  `exists (select from payment_doubt d where d.transaction_id = ${deposit}.transaction_id)`;

/** SQL: what is in doubt of a client's deposits, in words; what a person has settled is not. */
export const doubtsAbout = (client: string): string =>
  `array(select d.why from payment_doubt d join money_transaction m on m.transaction_id = d.transaction_id
          where m.client_id = ${client} and not exists (select from settled_payment s where s.reference = any (d.known_as) and s.what = '${doubtNamed('')}' || d.payment)
          order by d.transaction_id, d.payment)`;
