import { HubFailure } from '../../domain/failures.ts';
import type { Amount } from '../../domain/money.ts';
import type { Currency } from '../../domain/money-order.ts';
import { FINAL_STAGES, STAGES, type Stage } from '../../domain/stages.ts';
import type { Queryable } from '../pool.ts';

export interface TransactionRow {
  transactionId: number;
  type: 'deposit' | 'withdrawal' | 'transfer';
  stage: Stage;
  clientId: number;
  debitAccountId: number | null;
  creditAccountId: number | null;
  amount: Amount;
  currency: Currency;
  vendorCommission: Amount;
  /** By an operator, instead of the rules of the method. */
  commissionIsSet: boolean;
  /** Until it is booked: what the operator who entered it said that the bank took. In the currency of the provider's side. */
  providerCommission: Amount;
  methodId: number | null;
  connectionId: number | null;
  reference: string;
  providerId: string | null;
  providerData: Record<string, unknown>;
  data: Record<string, unknown>;
  userId: number | null;
  arrival: string | null;
  /** Of a deposit: the one it belongs to, as a late or second payment. Of a withdrawal: the deposit it gives back. */
  parentId: number | null;
  workflowId: string;
  /** The run that began it, or took it over; null in rows of before. */
  runId: string | null;
  createTime: Date;
  /** Set when it changes currency on its way. */
  exchange: Exchange | null;
}

/** `amount` and `currency` of a transaction are the payer's side; this is the receiver's. */
export interface Exchange {
  currency: Currency;
  /** What one of the payer's is worth in `currency`, markup inside; null until it was quoted. */
  rate: Amount | null;
  /** What the payer's amount makes at that rate. */
  amount: Amount | null;
  /** The rate will not change any more. */
  fixed: boolean;
}

type Sides = Pick<TransactionRow, 'type' | 'amount' | 'currency' | 'exchange'>;
interface Side {
  currency: Currency;
  /** Null while the rate is not known. */
  amount: Amount | null;
}

/** What moves on the client's account. */
export const accountSide = ({ type, amount, currency, exchange }: Sides): Side =>
  type === 'deposit' && exchange ? exchange : { amount, currency };

/** What moves at the provider. */
export const providerSide = ({ type, amount, currency, exchange }: Sides): Side =>
  type === 'withdrawal' && exchange ? exchange : { amount, currency };

export const loadTransaction = async (db: Queryable, transactionId: number): Promise<TransactionRow> => {
  const { rows } = await db.query<TransactionRow>(
    `select t.transaction_id as "transactionId", t.type, t.stage, t.client_id as "clientId", t.debit_account_id as "debitAccountId",
            t.credit_account_id as "creditAccountId", trim_scale(t.amount)::text as amount, trim_scale(t.vendor_commission)::text as "vendorCommission",
            t.commission_set as "commissionIsSet",
            trim_scale(t.provider_commission)::text as "providerCommission",
            jsonb_build_object('numericCode', c.numeric_code, 'alphabeticCode', c.alphabetic_code, 'minorUnit', c.minor_unit) as currency,
            t.method_id as "methodId", t.connection_id as "connectionId", t.reference, t.provider_id as "providerId", t.provider_data as "providerData",
            t.data, t.user_id as "userId", t.arrival, t.parent_id as "parentId", t.workflow_id as "workflowId", t.run_id as "runId", t.create_time as "createTime",
            case when x.transaction_id is not null then jsonb_build_object(
              'currency', jsonb_build_object('numericCode', xc.numeric_code, 'alphabeticCode', xc.alphabetic_code, 'minorUnit', xc.minor_unit),
              'rate', trim_scale(x.rate)::text, 'amount', trim_scale(x.amount)::text, 'fixed', x.fixed_at is not null) end as exchange
       from money_transaction t join currency c on c.numeric_code = t.currency
       left join transaction_exchange x on x.transaction_id = t.transaction_id left join currency xc on xc.numeric_code = x.currency
      where t.transaction_id = $1`,
    [transactionId],
  );
  if (!rows[0]) throw new HubFailure('NotFound', 'not_found', `there is no transaction ${transactionId}`);
  return rows[0];
};

/** As it is once nobody else changes it any more, until the end of this database transaction. */
export const lockTransaction = async (db: Queryable, transactionId: number): Promise<TransactionRow> => {
  await db.query(`select from money_transaction where transaction_id = $1 for update`, [transactionId]);
  return loadTransaction(db, transactionId);
};

/** The deposit a payout gives back; null for one that is no refund. */
export const refundedBy = ({ type, parentId }: Pick<TransactionRow, 'type' | 'parentId'>): number | null =>
  type === 'withdrawal' ? parentId : null;

/** A transfer whose other side is the broker. */
export const isCorrection = ({
  type,
  debitAccountId,
  creditAccountId,
}: Pick<TransactionRow, 'type' | 'debitAccountId' | 'creditAccountId'>): boolean =>
  type === 'transfer' && (debitAccountId === null || creditAccountId === null);

export interface StageFacts {
  providerId?: string | null;
  providerStatus?: string | null;
  /** Merged into what the client may see. */
  providerData?: Record<string, unknown>;
  finalAmount?: Amount;
  providerCommission?: Amount;
  /** Null clears it. */
  needsHuman?: string | null;
  /** For the client. */
  resolution?: string | null;
  /** For operators. */
  why?: string | null;
  resolutionId?: number | null;
}

/**
 * Moves the projection to a stage and notes facts with it. A final stage is never left again, except that a payout that is
 * done may come back: then nothing is written and the answer is false.
 */
export const setStage = async (
  db: Queryable,
  transactionId: number,
  stage: Stage,
  facts: StageFacts = {},
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `update money_transaction set stage = $2, status = $3, update_time = now(), workflow_started = true,
            process_time = case when $4 then coalesce(process_time, now()) else process_time end,
            provider_id = coalesce($5, provider_id), provider_status = coalesce($6, provider_status), provider_data = provider_data || $7::jsonb,
            final_amount = coalesce($8::numeric, final_amount), provider_commission = coalesce($9::numeric, provider_commission),
            needs_human = case when $10 then $11 else needs_human end, asked = case when $10 then null else asked end,
            resolution = coalesce($12, resolution), resolution_id = coalesce($13::integer, resolution_id),
            why = coalesce($15, why)
      where transaction_id = $1 and (stage <> all ($14::text[]) or stage = $2 or (stage = 'done' and $2 = 'returned'))`,
    [
      transactionId,
      stage,
      STAGES[stage],
      FINAL_STAGES.includes(stage),
      facts.providerId ?? null,
      facts.providerStatus ?? null,
      JSON.stringify(facts.providerData ?? {}),
      facts.finalAmount ?? null,
      facts.providerCommission ?? null,
      'needsHuman' in facts,
      facts.needsHuman ?? null,
      facts.resolution ?? null,
      facts.resolutionId ?? null,
      FINAL_STAGES,
      facts.why ?? null,
    ],
  );
  return rowCount === 1;
};

/** As setStage, in the transaction that posts: when the projection may not move, the postings must not happen either. */
export const reachStage = async (
  db: Queryable,
  transactionId: number,
  stage: Stage,
  facts: StageFacts = {},
): Promise<void> => {
  if (await setStage(db, transactionId, stage, facts)) return;
  throw new HubFailure('Rejected', 'already_done', `Transaction ${transactionId} is over and cannot become ${stage}.`);
};

/** The provider is asked once more what became of a deposit that is over. Not where only people see money: there is nobody to ask. */
export const lookAgain = async (
  db: Queryable,
  transactionId: number,
  after: '0 hours' | '1 hour' | '6 hours',
): Promise<void> => {
  await db.query(
    `update money_transaction t set next_look = now() + $2::interval from payment_method m
      where t.transaction_id = $1 and m.id = t.method_id and m.flow <> 'manual'`,
    [transactionId, after],
  );
};
