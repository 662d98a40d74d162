import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type LedgerTransfer, post } from '../../db/repositories/ledger.ts';
import { loadMethodFacts } from '../../db/repositories/orders.ts';
import { closeRequests } from '../../db/repositories/requests.ts';
import { loadTransaction, lookAgain, reachStage } from '../../db/repositories/transactions.ts';
import { clearingCode, incomeCode, walletCode } from '../../domain/chart-of-accounts.ts';
import { commissionOn } from '../../domain/commissions.ts';
import { type Amount, compare, equal, isPositive, round, subtract } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellClient } from '../messaging/tell-client.ts';

/**
 * Credits what was received, less the broker's commission, and closes the deposit. When other than the ordered amount came,
 * the commission is worked out anew.
 */
export const bookDeposit: Activity<{ transactionId: number; received: Amount; payments: string[] }, void> = async (
  { transactionId, received, payments },
  { pool, run, ring, steer },
) => {
  const messages = await inTransaction(pool, async (db) => {
    const deposit = await loadTransaction(db, transactionId);
    const { alphabeticCode, numericCode, minorUnit } = deposit.currency;
    const amount = round(received, minorUnit, 'down'); // a provider may count finer than our books; dust stays in clearing
    let fee = deposit.vendorCommission;
    if (!equal(amount, deposit.amount) && deposit.methodId !== null) {
      const method = await loadMethodFacts(db, deposit.methodId);
      fee = commissionOn(
        amount,
        method?.commissions.find((one) => one.numericCode === numericCode),
        minorUnit,
      );
    }
    if (compare(fee, amount) > 0) fee = amount;
    const net = subtract(amount, fee);
    const clearing = clearingCode(deposit.connectionId!, alphabeticCode);
    const transfers: LedgerTransfer[] = [];
    if (isPositive(net))
      transfers.push({ do: 'post', from: clearing, to: walletCode(deposit.creditAccountId!), amount: net });
    if (isPositive(fee)) transfers.push({ do: 'post', from: clearing, to: incomeCode(alphabeticCode), amount: fee });
    await post(db, `transaction:${transactionId}:credit`, transfers);
    await db.query(`update money_transaction set amount = $2, vendor_commission = $3 where transaction_id = $1`, [
      transactionId,
      amount,
      fee,
    ]);
    await closeRequests(db, transactionId, 'approved');
    await reachStage(db, transactionId, 'done', {
      finalAmount: net,
      needsHuman: null,
      providerData: { credited: payments },
    });
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
