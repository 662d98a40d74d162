import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import {
  type ExchangeQuote,
  noteFixed,
  notePayments,
  noteQuote,
  paymentsOf,
  quoteStands,
} from '../../db/repositories/exchanges.ts';
import { loadMethodFacts } from '../../db/repositories/orders.ts';
import { loadTransaction, type TransactionRow } from '../../db/repositories/transactions.ts';
import { commissionOn } from '../../domain/commissions.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { type Amount, isZero, subtract } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';
import { assertMethodExchanges } from '../transactions/restrictions.ts';
import { quoteExchange } from './quote-exchange.ts';

export interface RateToFix {
  transactionId: number;
  /** What is here of a deposit, as the provider calls it. Absent: it is not told payment by payment; in histories of before too. */
  payments?: string[];
}

export interface RateFixed {
  /** There is no rate now, in words; nothing was written but that a person should look. */
  missing: string | null;
  /** At the rate of now it may not leave. Nothing was written. */
  refused?: { reason: string; issue: string };
  /** The payments that have the rate; null: nobody kept which. Absent in histories of before. */
  payments?: string[] | null;
}

/**
 * Settles at which rate a movement changes currency: as quoted while the quote stands, else as the sources say now. Once; from then on it stays, whatever
 * comes. What comes of a deposit later, while its quote stands, has the same rate.
 */
export const fixRate: Activity<RateToFix, RateFixed> = ({ transactionId, payments }, { pool, run }) =>
  inTransaction(pool, async (db) => {
    const stands = await quoteStands(db, transactionId);
    const transaction = await loadTransaction(db, transactionId);
    const { type, amount, vendorCommission, currency, exchange } = transaction;
    if (!exchange) return { missing: null };
    if (exchange.fixed) {
      if (payments && stands) await notePayments(db, transactionId, payments);
      return { missing: null, payments: await paymentsOf(db, transactionId) };
    }
    let quote: ExchangeQuote | null = null;
    if (!stands) {
      try {
        // Of a payout the commission stays here, of a deposit it is taken from what the payment makes.
        const changed: Amount = type === 'withdrawal' ? subtract(amount, vendorCommission) : amount;
        quote = await quoteExchange(db, changed, currency, exchange.currency);
      } catch (error) {
        if (!isHubFailure(error)) throw error;
        await noteWaiting(db, transactionId, error.message);
        return { missing: error.message };
      }
      const refused = type === 'withdrawal' ? await whyNot(db, transaction, quote.amount) : null;
      // Workers of before know no refusal: they wait with it, as without a rate.
      if (refused) return { missing: refused.issue, refused };
      await noteQuote(db, transactionId, quote);
      if (type === 'deposit' && !transaction.commissionIsSet) await noteCommission(db, transaction, quote.amount);
    }
    await noteFixed(db, transactionId);
    if (payments) await notePayments(db, transactionId, payments);
    await noteWaiting(db, transactionId, null);
    await recordAudit(db, {
      actor: 'workflow',
      action: 'exchange.fixed',
      object: `transaction:${transactionId}`,
      after: { rate: quote?.rate ?? exchange.rate, quotedAnew: quote !== null },
      ...run,
    });
    return { missing: null, payments: await paymentsOf(db, transactionId) };
  });

/** Its limits were judged by what it made when it was ordered. */
const whyNot = async (
  db: Queryable,
  { methodId, exchange }: TransactionRow,
  makes: Amount,
): Promise<RateFixed['refused'] | null> => {
  const { numericCode, alphabeticCode } = exchange!.currency;
  if (isZero(makes))
    return { reason: 'amount_too_small', issue: `At the rate of now that makes nothing in ${alphabeticCode}.` };
  const method = methodId === null ? null : await loadMethodFacts(db, methodId);
  try {
    if (method) assertMethodExchanges(method, numericCode, makes);
    return null;
  } catch (error) {
    if (!isHubFailure(error)) throw error;
    return {
      reason: error.reason,
      issue: `At the rate of now that makes ${makes} ${alphabeticCode}. ${error.message}`,
    };
  }
};

/** It makes another amount than the client was told, so its commission is worked out anew. */
const noteCommission = async (
  db: Queryable,
  { transactionId, methodId, exchange }: TransactionRow,
  gross: Amount,
): Promise<void> => {
  const { numericCode, minorUnit } = exchange!.currency;
  const method = methodId === null ? null : await loadMethodFacts(db, methodId);
  const rule = method?.commissions.find((one) => one.numericCode === numericCode);
  await db.query(`update money_transaction set vendor_commission = $2 where transaction_id = $1`, [
    transactionId,
    commissionOn(gross, rule, minorUnit),
  ]);
};

const noteWaiting = async (db: Queryable, transactionId: number, why: string | null): Promise<void> => {
  await db.query(`update money_transaction set needs_human = $2, update_time = now() where transaction_id = $1`, [
    transactionId,
    why,
  ]);
};
