import type { PayoutReport } from '../../adapters/kit/payments.ts';
import { inTransaction } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { noteExchanged } from '../../db/repositories/exchanges.ts';
import { type LedgerTransfer, post } from '../../db/repositories/ledger.ts';
import { lockRefunded } from '../../db/repositories/refunds.ts';
import { closeRequests } from '../../db/repositories/requests.ts';
import {
  loadTransaction,
  providerSide,
  reachStage,
  refundedBy,
  type TransactionRow,
} from '../../db/repositories/transactions.ts';
import { clearingCode, exchangeCode, feesCode, incomeCode, suspenseCode } from '../../domain/chart-of-accounts.ts';
import { add, compare, isPositive, round, subtract } from '../../domain/money.ts';
import { chargeFor, convert } from '../../domain/rates.ts';
import type { Activity } from '../kit/activity.ts';
import { startMessages } from '../messaging/queue-message.ts';
import { tellClient } from '../messaging/tell-client.ts';
import { noteGivenBack } from '../transactions/refunds.ts';
import { holdKey } from './hold-funds.ts';

/** How a payout changes currency, for `chargeFor`. */
export const exchangedWith = ({ amount, vendorCommission, currency, exchange }: TransactionRow) => ({
  most: subtract(amount, vendorCommission),
  rate: exchange!.rate!,
  minorUnit: currency.minorUnit,
  paidMinorUnit: exchange!.currency.minorUnit,
});

/**
 * Captures the hold for what was really paid: the beneficiary's amount leaves through the provider's clearing, the broker's
 * commission is income, what was not paid goes back to the client. `report` null = an operator says that it was paid as ordered.
 */
export const bookPayout: Activity<{ transactionId: number; report: PayoutReport | null }, void> = async (
  { transactionId, report },
  { pool, run, ring, steer },
) => {
  const messages = await inTransaction(pool, async (db) => {
    await lockRefunded(db, transactionId);
    const payout = await loadTransaction(db, transactionId);
    const { exchange } = payout;
    const { alphabeticCode, minorUnit } = providerSide(payout).currency;
    const net = subtract(payout.amount, payout.vendorCommission);
    const ordered = exchange ? convert(net, exchange.rate!, minorUnit) : net;
    const paid = report?.processed ? round(report.processed, minorUnit, 'up') : ordered;
    const clearing = clearingCode(payout.connectionId!, alphabeticCode);
    const excess = compare(paid, ordered) > 0 ? subtract(paid, ordered) : '0';
    const moved = isPositive(excess) ? ordered : paid;
    // What changes currency is taken into the broker's position, and its worth given out of the other one.
    const own = payout.currency.alphabeticCode;
    const payee = exchange ? exchangeCode(own) : clearing;
    const charge = exchange ? chargeFor(moved, exchangedWith(payout)) : moved;
    const charged = add(charge, payout.vendorCommission);
    const transfers: LedgerTransfer[] = [{ do: 'capture', hold: holdKey(transactionId), to: payee, amount: charged }];
    if (isPositive(payout.vendorCommission)) {
      transfers.push({ do: 'post', from: payee, to: incomeCode(own), amount: payout.vendorCommission });
    }
    if (exchange) {
      if (isPositive(moved))
        transfers.push({ do: 'post', from: exchangeCode(alphabeticCode), to: clearing, amount: moved });
      await noteExchanged(db, transactionId, moved);
    }
    // More left than was ordered: the client is not charged for it, a person must find out who is.
    if (isPositive(excess))
      transfers.push({ do: 'post', from: suspenseCode(alphabeticCode), to: clearing, amount: excess });
    // The provider took its fee from our balance there. Of a bank only who entered the payout knows it.
    const told = report?.fee ?? payout.providerCommission;
    const fee = isPositive(told) ? round(told, minorUnit, 'up') : null;
    if (fee)
      transfers.push({ do: 'post', from: feesCode(payout.connectionId!, alphabeticCode), to: clearing, amount: fee });

    if ((await post(db, `transaction:${transactionId}:capture`, transfers)).replayed) return [];
    await closeRequests(db, transactionId, 'approved');
    const odd = compare(paid, ordered) !== 0;
    await reachStage(db, transactionId, 'done', {
      finalAmount: paid,
      providerId: report?.providerId ?? null,
      providerStatus: report?.providerStatus ?? null,
      ...(fee ? { providerCommission: fee } : {}),
      ...(report?.txHash ? { providerData: { txid: report.txHash } } : {}),
      needsHuman: odd ? `The provider paid ${paid}, ordered were ${ordered}.` : null,
    });
    const refundOf = refundedBy(payout);
    if (refundOf !== null) await noteGivenBack(db, refundOf);
    await recordAudit(db, {
      actor: 'workflow',
      action: 'payout.captured',
      object: `transaction:${transactionId}`,
      after: { ordered, paid, fee },
      ...run,
    });
    return tellClient(db, ring, 'WithdrawDone', { transactionId, amount: paid });
  });
  await startMessages(steer, messages);
};
