import { randomBytes } from 'node:crypto';
import { inTransaction, type Queryable } from '../../../db/pool.ts';
import { recordAudit } from '../../../db/repositories/audit.ts';
import { keepExchange } from '../../../db/repositories/exchanges.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { Begun } from '../../../domain/money-order.ts';
import { REASONS, type Reason } from '../../../domain/reasons.ts';
import { referenceFrom } from '../../../domain/references.ts';
import { isFinal, type Stage } from '../../../domain/stages.ts';
import { type Actor, actorName } from '../../kit/access.ts';
import type { Call } from '../../kit/procedure.ts';
import type { MoneyHub } from '../hub.ts';
import { insufficientFunds } from './accounts.ts';
import type { NewOrder } from './new-order.ts';

/** Who orders, and under which key. */
export type Ordering = Pick<Call, 'key' | 'once' | 'requestId' | 'log'> & { actor: Actor };

interface Placed {
  id: number;
  stage: Stage;
  resolution: string | null;
}

/** What its run shows from the first moment; unknown of an order that was placed before. */
const shownOf = ({ clientId, currency, amount, method, credit, debit }: NewOrder) => ({
  client: clientId,
  provider: method?.provider ?? credit?.provider ?? debit?.provider ?? null,
  currency: currency.alphabeticCode,
  amount,
});

/**
 * The one way money orders come in: check → one row with its audit row → its run → where it stands. A crash between the row and the
 * run is mended by the sweep; a repeat under the same key finds the row and asks the same run. `wait` false: not even the
 * first answer is waited for. Answers the transaction's id; a refusal is thrown and the row stays as its record.
 */
export const placeOrder = async (
  hub: MoneyHub,
  call: Ordering,
  check: (db: Queryable) => Promise<NewOrder>,
  { wait = true } = {},
): Promise<number> => {
  const { kind, placed, shown } = await inTransaction(hub.pool, async (db) => {
    // Twins queue here: the second one must find the first one's row before it looks at the balance.
    await call.once?.lock(db);
    const twin = call.key === undefined ? null : await findByKey(db, call.key);
    if (twin) return twin;
    const order = await check(db);
    return insert(db, call, order);
  });
  // A run is looked for only while it can be there: Temporal forgets runs that are over, money may not.
  if (isFinal(placed.stage)) {
    if (placed.stage === 'hold_refused') throw insufficientFunds(placed.resolution ?? undefined);
    return placed.id;
  }
  try {
    if (wait) assertNotRefused(await hub.begin(kind, placed.id, shown));
    else
      await hub.ask((steering) =>
        steering.startWaiting({ workflowId: `${kind}:${placed.id}`, type: kind, id: placed.id }),
      );
  } catch (error) {
    // With a key the caller can safely ask again. Without one he could only order twice, so he hears what is true:
    // the order is stored and will be started.
    const outage = error instanceof HubFailure && error.type === 'Unavailable';
    if (!outage || (wait && call.key !== undefined)) throw error;
    call.log.warn({ transactionId: placed.id }, 'order stored; its run will be started by the sweep');
  }
  return placed.id;
};

type Kind = 'deposit' | 'payout' | 'transfer';
const kindOf = (type: NewOrder['type']): Kind => (type === 'withdrawal' ? 'payout' : type);

const findByKey = async (db: Queryable, key: string): Promise<{ kind: Kind; placed: Placed; shown?: never } | null> => {
  const { rows } = await db.query<Placed & { type: NewOrder['type'] }>(
    `select transaction_id as id, stage, type, resolution from money_transaction where idempotency_key = $1`,
    [key],
  );
  return rows[0] ? { kind: kindOf(rows[0].type), placed: rows[0] } : null;
};

const insert = async (
  db: Queryable,
  { actor, key, requestId }: Ordering,
  order: NewOrder,
): Promise<{ kind: Kind; placed: Placed; shown: ReturnType<typeof shownOf> }> => {
  const { rows } = await db.query<{ id: number }>(
    `insert into money_transaction (type, client_id, debit_account_id, credit_account_id, currency, amount, vendor_commission, provider_commission,
            method_id, connection_id, reference, data, user_id, comment, idempotency_key, parent_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) returning transaction_id as id`,
    [
      order.type,
      order.clientId,
      order.debit?.accountId ?? null,
      order.credit?.accountId ?? null,
      order.currency.numericCode,
      order.amount,
      order.vendorCommission,
      order.providerCommission,
      order.method?.methodId ?? null,
      order.refundOf?.connectionId ?? order.method?.connectionId ?? null,
      referenceFrom(randomBytes(12)),
      order.data,
      actor.kind === 'user' ? actor.id : null,
      order.comment,
      key ?? null,
      order.refundOf?.transactionId ?? null,
    ],
  );
  const { id } = rows[0]!;
  if (order.exchange) await keepExchange(db, id, order.exchange.currency.numericCode, order.exchange.quote);
  await recordAudit(db, {
    actor: actorName(actor),
    action: order.refundOf ? 'deposits.refund' : `${order.type}s.create`,
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
    },
    requestId,
  });
  return { kind: kindOf(order.type), placed: { id, stage: 'created', resolution: null }, shown: shownOf(order) };
};

const ABOUT_THE_AMOUNT: readonly string[] = [
  'insufficient_funds',
  'amount_too_small',
  'amount_too_big',
  'limit_exceeded',
];

/** A run that said no at once is a refusal of the order. One that a person ended meanwhile is not: its row tells. */
const assertNotRefused = ({ refusal }: Begun): void => {
  if (!refusal || !(REASONS as readonly string[]).includes(refusal.reason)) return;
  throw new HubFailure('Rejected', refusal.reason as Reason, refusal.issue, {
    ...(ABOUT_THE_AMOUNT.includes(refusal.reason) ? { field: 'amount' } : {}),
  });
};
