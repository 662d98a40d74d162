import { randomBytes } from 'node:crypto';
import type { Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { keepCorrection } from '../../db/repositories/corrections.ts';
import { keepExchange } from '../../db/repositories/exchanges.ts';
import { referenceFrom } from '../../domain/references.ts';
import type { Stage } from '../../domain/stages.ts';
import type { NewOrder } from './new-order.ts';
import { actorName, type Orderer } from './orderer.ts';

export type OrderKind = 'deposit' | 'payout' | 'transfer';
const kindOf = (type: NewOrder['type']): OrderKind => (type === 'withdrawal' ? 'payout' : type);

/** An order in the database. Its run, '{kind}:{id}', is started by whoever placed it, else by the sweep. */
export interface WrittenOrder {
  kind: OrderKind;
  id: number;
  clientId: number;
  stage: Stage;
  resolution: string | null;
  /** Of the request that ordered it, where it had a key. */
  fingerprint?: Buffer | null;
}

/** Whose order, under which key, and what asked for it (for the audit). */
export interface OrderedBy {
  actor: Orderer;
  /** Unique for the operation; the same again is the same order. */
  key: string | undefined;
  fingerprint?: Buffer;
  cause: { requestId: string } | { workflowId: string; runId: string };
}

/** The order that was written under this key; null: none was. */
export const findOrder = async (db: Queryable, key: string): Promise<WrittenOrder | null> => {
  const { rows } = await db.query<Omit<WrittenOrder, 'kind'> & { type: NewOrder['type'] }>(
    `select transaction_id as id, client_id as "clientId", stage, type, resolution, request_fingerprint as fingerprint from money_transaction where idempotency_key = $1`,
    [key],
  );
  const { type, ...found } = rows[0] ?? {};
  return type === undefined ? null : ({ kind: kindOf(type), ...found } as WrittenOrder);
};

/** One row with its audit row, of an order that was checked in the same transaction. */
export const writeOrder = async (
  db: Queryable,
  { actor, key, fingerprint, cause }: OrderedBy,
  order: NewOrder,
): Promise<WrittenOrder> => {
  const { rows } = await db.query<{ id: number }>(
    `insert into money_transaction (type, client_id, debit_account_id, credit_account_id, currency, amount, vendor_commission, commission_set,
            provider_commission, method_id, connection_id, reference, data, user_id, comment, idempotency_key, parent_id, request_fingerprint)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) returning transaction_id as id`,
    [
      order.type,
      order.clientId,
      order.debit?.accountId ?? null,
      order.credit?.accountId ?? null,
      order.currency.numericCode,
      order.amount,
      order.vendorCommission,
      order.commissionIsSet ?? false,
      order.providerCommission,
      order.method?.methodId ?? null,
      order.refundOf?.connectionId ?? order.method?.connectionId ?? null,
      referenceFrom(randomBytes(12)),
      order.data,
      actor.kind === 'user' ? actor.id : null,
      order.comment,
      key ?? null,
      order.refundOf?.transactionId ?? null,
      fingerprint ?? null,
    ],
  );
  const { id } = rows[0]!;
  if (order.exchange) await keepExchange(db, id, order.exchange.currency.numericCode, order.exchange.quote);
  if (order.correction) await keepCorrection(db, id, order.correction);
  await recordAudit(db, {
    actor: actorName(actor),
    action: actionOf(order),
    object: `transaction:${id}`,
    after: {
      amount: order.amount,
      currency: order.currency.alphabeticCode,
      vendorCommission: order.vendorCommission,
      ...(order.exchange?.quote && { rate: order.exchange.quote.rate, into: order.exchange.currency.alphabeticCode }),
      methodId: order.method?.methodId ?? null,
      debitAccountId: order.debit?.accountId ?? null,
      creditAccountId: order.credit?.accountId ?? null,
      ...(order.refundOf && { refundOf: order.refundOf.transactionId }),
      ...order.correction,
    },
    ...cause,
  });
  return { kind: kindOf(order.type), id, clientId: order.clientId, stage: 'created', resolution: null };
};

const actionOf = ({ type, refundOf, correction }: NewOrder): string => {
  if (correction) return 'accounts.correct';
  return refundOf ? 'deposits.refund' : `${type}s.create`;
};
