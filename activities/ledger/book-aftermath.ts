import type { PayoutState } from '../../adapters/kit/payments.ts';
import { inTransaction, type Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { type LedgerTransfer, post } from '../../db/repositories/ledger.ts';
import { lockRefunded } from '../../db/repositories/refunds.ts';
import { settledOf } from '../../db/repositories/settled-payments.ts';
import {
  loadTransaction,
  providerSide,
  reachStage,
  refundedBy,
  type TransactionRow,
} from '../../db/repositories/transactions.ts';
import { askAbout, isAsked } from '../../db/repositories/unsettled.ts';
import { clearingCode, exchangeCode, walletCode } from '../../domain/chart-of-accounts.ts';
import { type Amount, compare, divide, isPositive, least, round } from '../../domain/money.ts';
import { chargeFor } from '../../domain/rates.ts';
import { isFinal } from '../../domain/stages.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { noteNotGivenBack } from '../transactions/refunds.ts';
import type { Aftermath } from '../payments/find-aftermath.ts';
import { exchangedWith } from './book-payout.ts';

export interface AftermathInput {
  transactionId: number;
  seen: Aftermath;
}

export interface AftermathBooked {
  outcome: string;
  /** What a person has to settle. Absent in histories of before, and when nobody has to. */
  why?: string;
}

/**
 * What happened to a payout after its end. Came back after `done`: the client gets it, once, and never more than was paid. Paid
 * although it ended otherwise: put before a person, because the client has it twice and only he can settle that; and once more when that did not last,
 * because he may have taken it back from the client. What a person has settled is asked again only when the provider says something else.
 */
export const bookAftermath: Activity<AftermathInput, AftermathBooked> = async (
  { transactionId, seen },
  { pool, run },
) =>
  inTransaction(pool, async (db) => {
    await lockRefunded(db, transactionId);
    await db.query(`select from money_transaction where transaction_id = $1 for update`, [transactionId]);
    const payout = await loadTransaction(db, transactionId);
    const object = `transaction:${transactionId}`;
    if (payout.stage === 'returned' && seen.state === 'returned') return { outcome: 'returned' };
    if (payout.stage === 'done' && seen.state === 'returned') {
      const { currency } = providerSide(payout);
      const back = seen.amount === null ? '0' : round(seen.amount, currency.minorUnit, 'down');
      if (!isPositive(back)) return { outcome: 'came back, amount unknown' };
      const amount = least(back, payout.exchange?.amount ?? payout.amount);
      const clearing = clearingCode(payout.connectionId!, currency.alphabeticCode);
      await reachStage(db, transactionId, 'returned', {
        providerStatus: seen.providerStatus,
        resolution: 'The provider gave the money back.',
      });
      const to = walletCode(payout.debitAccountId!);
      await post(db, `transaction:${transactionId}:return`, returned(payout, { clearing, to, amount }));
      const refundOf = refundedBy(payout);
      if (refundOf !== null) await noteNotGivenBack(db, refundOf);
      await recordAudit(db, { actor: 'workflow', action: 'payout.returned', object, after: { amount }, ...run });
      return { outcome: 'returned' };
    }
    if (payout.stage === 'done' || payout.stage === 'returned') return { outcome: 'nothing new' };
    // Its run was ended from outside: who goes on with it asks the provider himself.
    if (!isFinal(payout.stage)) return { outcome: 'not over yet' };
    return contradicted(db, payout, seen, run);
  });

/** What the provider says of a payout, as it is settled. */
export const aftermathNamed = (payout: TransactionRow, { state, amount }: Aftermath): string =>
  `payout:${state}:${amount === null ? 'unknown' : round(amount, providerSide(payout).currency.minorUnit, 'down')}`;

const PAYS: readonly PayoutState[] = ['succeeded', 'processing', 'awaiting_approval'];

/** The payout ended without being done, and the provider says otherwise. */
const contradicted = async (
  db: Queryable,
  payout: TransactionRow,
  seen: Aftermath,
  run: Tools['run'],
): Promise<AftermathBooked> => {
  const { transactionId, reference, clientId, stage } = payout;
  const asked = aftermathNamed(payout, seen);
  const settled = [...(await settledOf(db, reference)).keys()];
  if (settled.includes(asked)) return { outcome: 'nothing new' };
  const paid = PAYS.includes(seen.state);
  // That it was not paid is what we thought all along, unless somebody was told otherwise.
  if (!paid && settled.length === 0 && !(await isAsked(db, transactionId))) return { outcome: 'nothing new' };
  const { currency, amount: ordered } = providerSide(payout);
  const of = `${seen.amount ?? ordered ?? '?'} ${currency.alphabeticCode} of payout ${transactionId} of client ${clientId}`;
  const says = `The provider says '${seen.providerStatus}'`;
  const what = paid
    ? `${says}: it pays ${of}, which ended as ${stage}, so the client has it twice.`
    : `${says}: it does not pay ${of} after all. If it was taken from the client meanwhile, it is his again.`;
  const before = settled.length === 0 ? '' : ` Settled before: ${settled.join(', ')}.`;
  const why = `${what}${before}`;
  if (await askAbout(db, transactionId, { why, asked })) {
    const object = `transaction:${transactionId}`;
    await recordAudit(db, { actor: 'workflow', action: 'payout.contradicted', object, after: { why }, ...run });
  }
  return { outcome: paid ? 'paid although it ended' : 'not paid after all', why };
};

/** Back to the client; when it had changed currency at the same rate, and never more than he was charged for it. */
const returned = (
  payout: TransactionRow,
  { clearing, to, amount }: { clearing: string; to: string; amount: Amount },
): LedgerTransfer[] => {
  const { exchange, currency } = payout;
  if (!exchange) return [{ do: 'post', from: clearing, to, amount }];
  const charged = chargeFor(exchange.amount!, exchangedWith(payout));
  const whole = compare(amount, exchange.amount!) >= 0;
  const worth = whole ? charged : least(charged, divide(amount, exchange.rate!, currency.minorUnit, 'down'));
  const taken: LedgerTransfer = {
    do: 'post',
    from: clearing,
    to: exchangeCode(exchange.currency.alphabeticCode),
    amount,
  };
  const given: LedgerTransfer = { do: 'post', from: exchangeCode(currency.alphabeticCode), to, amount: worth };
  return isPositive(worth) ? [taken, given] : [taken];
};
