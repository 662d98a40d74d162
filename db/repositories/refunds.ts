import type { Amount } from '../../domain/money.ts';
import { FINAL_STAGES, type Stage } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';

/** A deposit as far as it may be given back. */
export interface RefundableDeposit {
  transactionId: number;
  stage: Stage;
  accountId: number;
  methodId: number;
  connectionId: number;
  /** Manifest id. */
  provider: string;
  reference: string;
  /** The provider's id; null when it never told one. */
  providerId: string | null;
  /** It came without being asked for. */
  unasked: boolean;
  /** It came in another currency than its account's. */
  exchanged: boolean;
  /** What came, less what was taken back, less refunds that are done or under way. */
  left: Amount;
}

/**
 * Locks the deposit a refund gives back; nothing for any other transaction. Called before the refund's own row or a wallet is touched: what a provider
 * takes back of the deposit is booked in that order too, and two in opposite orders would wait for each other.
 */
export const lockRefunded = async (db: Queryable, transactionId: number): Promise<void> => {
  await db.query(
    `select from money_transaction
      where transaction_id = (select parent_id from money_transaction where transaction_id = $1 and type = 'withdrawal') for update`,
    [transactionId],
  );
};

/** Refunds that gave nothing back in the end. Of one that came back a part may have stayed with the payer. */
const GAVE_NOTHING = FINAL_STAGES.filter((stage) => stage !== 'done' && stage !== 'returned');

/** SQL: what a refund, a row of `money_transaction`, gives back: as ordered while it is under way, then what was paid less what came back of it. */
export const givenBack = (refund: string): string =>
  `greatest(0, coalesce(${refund}.final_amount, ${refund}.amount) - case when ${refund}.stage = 'returned' then payout_came_back(${refund}.transaction_id) else 0 end)`;

/** Locked until the end of the transaction: of two refunds at once the second sees the first. `besides`: a refund that does not count. Null: no deposit. */
export const loadRefundable = async (
  db: Queryable,
  depositId: number,
  besides: number | null = null,
): Promise<RefundableDeposit | null> => {
  await db.query(`select from money_transaction where transaction_id = $1 for update`, [depositId]);
  const { rows } = await db.query<RefundableDeposit>(
    `select t.transaction_id as "transactionId", t.stage, t.credit_account_id as "accountId", t.method_id as "methodId", t.connection_id as "connectionId",
            co.provider, t.reference, t.provider_id as "providerId", t.arrival is not null as unasked,
            exists (select from transaction_exchange x where x.transaction_id = t.transaction_id) as exchanged,
            trim_scale(t.amount
              - coalesce((select sum(amount) from deposit_reversal r where r.transaction_id = t.transaction_id and r.booked), 0)
              - coalesce((select sum(${givenBack('r')}) from money_transaction r
                           where r.parent_id = t.transaction_id and r.type = 'withdrawal' and r.stage <> all ($3::text[])
                             and r.transaction_id is distinct from $2), 0))::text as left
       from money_transaction t join connection co on co.id = t.connection_id
      where t.transaction_id = $1 and t.type = 'deposit' and t.method_id is not null`,
    [depositId, besides, GAVE_NOTHING],
  );
  return rows[0] ?? null;
};
