import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { noteExchanged } from '../../db/repositories/exchanges.ts';
import { type LedgerTransfer, post } from '../../db/repositories/ledger.ts';
import { loadMethodFacts } from '../../db/repositories/orders.ts';
import { closeRequests } from '../../db/repositories/requests.ts';
import {
  accountSide,
  loadTransaction,
  lookAgain,
  reachStage,
  type TransactionRow,
} from '../../db/repositories/transactions.ts';
import { clearingCode, exchangeCode, incomeCode, walletCode } from '../../domain/chart-of-accounts.ts';
import { commissionOn } from '../../domain/commissions.ts';
import { type Amount, compare, equal, isPositive, round, subtract } from '../../domain/money.ts';
import type { Fees } from '../../domain/provider-fees.ts';
import { convert } from '../../domain/rates.ts';
import type { Activity } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellClient } from '../messaging/tell-client.ts';
import { bookFees } from './book-fees.ts';

/** The broker takes the payment into his position and gives its worth out of it: each currency sums to zero by itself. */
const exchanged = async (
  db: Queryable,
  { transactionId, currency, exchange }: TransactionRow,
  amount: Amount,
  clearing: string,
): Promise<{ gross: Amount; payer: string; transfers: LedgerTransfer[] }> => {
  const { rate, currency: into } = exchange!;
  const gross = convert(amount, rate!, into.minorUnit);
  await noteExchanged(db, transactionId, gross);
  const taken: LedgerTransfer = { do: 'post', from: clearing, to: exchangeCode(currency.alphabeticCode), amount };
  return { gross, payer: exchangeCode(into.alphabeticCode), transfers: isPositive(amount) ? [taken] : [] };
};

/** Of a bank only who entered the payment knows what it took. */
const enteredFee = ({ providerCommission }: TransactionRow): Fees =>
  isPositive(providerCommission) ? { entered: providerCommission } : {};

interface Credit {
  transactionId: number;
  received: Amount;
  payments: string[];
  /** What the provider kept of them, as far as it told. Absent in histories of before. */
  fees?: Fees;
}

/**
 * Credits what was received, less the broker's commission, and closes the deposit. When other than the ordered amount came,
 * the commission is worked out anew, unless an operator had set it.
 */
export const bookDeposit: Activity<Credit, void> = async (
  { transactionId, received, payments, fees = {} },
  { pool, run, ring, steer },
) => {
  const messages = await inTransaction(pool, async (db) => {
    const deposit = await loadTransaction(db, transactionId);
    const amount = round(received, deposit.currency.minorUnit, 'down'); // a provider may count finer than our books; dust stays in clearing
    const clearing = clearingCode(deposit.connectionId!, deposit.currency.alphabeticCode);
    const { currency, amount: expected } = accountSide(deposit);
    const { alphabeticCode, numericCode, minorUnit } = currency;
    // What the payment is worth in the account's currency, and the ledger account it comes from in that currency.
    const { gross, payer, transfers } = deposit.exchange
      ? await exchanged(db, deposit, amount, clearing)
      : { gross: amount, payer: clearing, transfers: [] };
    let fee = deposit.vendorCommission;
    const isAsExpected = expected !== null && equal(gross, expected);
    if (!isAsExpected && !deposit.commissionIsSet && deposit.methodId !== null) {
      const method = await loadMethodFacts(db, deposit.methodId);
      fee = commissionOn(
        gross,
        method?.commissions.find((one) => one.numericCode === numericCode),
        minorUnit,
      );
    }
    if (compare(fee, gross) > 0) fee = gross;
    const net = subtract(gross, fee);
    if (isPositive(net))
      transfers.push({ do: 'post', from: payer, to: walletCode(deposit.creditAccountId!), amount: net });
    if (isPositive(fee)) transfers.push({ do: 'post', from: payer, to: incomeCode(alphabeticCode), amount: fee });
    if (deposit.parentId !== null) {
      // What was taken back of this payment was left alone until now. Before a wallet is touched: reversals lock in that order too.
      await lookAgain(db, deposit.parentId, '0 hours');
    }
    if ((await post(db, `transaction:${transactionId}:credit`, transfers)).replayed) return [];
    await closeRequests(db, transactionId, 'approved');
    await db.query(`update money_transaction set amount = $2, vendor_commission = $3 where transaction_id = $1`, [
      transactionId,
      amount,
      fee,
    ]);
    await reachStage(db, transactionId, 'done', {
      finalAmount: net,
      needsHuman: null,
      providerData: { credited: payments },
    });
    await bookFees(db, { ...deposit, connectionId: deposit.connectionId! }, { ...enteredFee(deposit), ...fees }, run);
    if (deposit.arrival === null && deposit.providerId !== null) {
      // The client may pay the same page once more, and that callback may be lost.
      await lookAgain(db, transactionId, '6 hours');
    }
    await recordAudit(db, {
      actor: 'workflow',
      action: 'deposit.credited',
      object: `transaction:${transactionId}`,
      after: { ordered: deposit.amount, received: amount, net, fee },
      ...run,
    });
    return tellClient(db, ring, 'DepositSuccessful', { transactionId, amount: net });
  });
  await startMessages(steer, messages);
};
