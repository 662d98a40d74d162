import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type ExchangeQuote, noteFixed, noteQuote, quoteStands } from '../../db/repositories/exchanges.ts';
import { loadMethodFacts } from '../../db/repositories/orders.ts';
import { loadTransaction, type TransactionRow } from '../../db/repositories/transactions.ts';
import { commissionOn } from '../../domain/commissions.ts';
import { isHubFailure } from '../../domain/failures.ts';
import { type Amount, subtract } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';
import { quoteExchange } from './quote-exchange.ts';

/**
 * Settles at which rate a movement changes currency: as quoted while the quote stands, else as the sources say now. Once; from then on it stays, whatever
 * comes. `missing`: there is no rate now, in words; nothing was written but that a person should look.
 */
export const fixRate: Activity<{ transactionId: number }, { missing: string | null }> = (
  { transactionId },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    const stands = await quoteStands(db, transactionId);
    const transaction = await loadTransaction(db, transactionId);
    const { type, amount, vendorCommission, currency, exchange } = transaction;
    if (!exchange || exchange.fixed) return { missing: null };
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
      await noteQuote(db, transactionId, quote);
      if (type === 'deposit' && !transaction.commissionIsSet) await noteCommission(db, transaction, quote.amount);
    }
    await noteFixed(db, transactionId);
    await noteWaiting(db, transactionId, null);
    await recordAudit(db, {
      actor: 'workflow',
      action: 'exchange.fixed',
      object: `transaction:${transactionId}`,
      after: { rate: quote?.rate ?? exchange.rate, quotedAnew: quote !== null },
      ...run,
    });
    return { missing: null };
  });

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
