import type { Queryable } from '../../db/pool.ts';
import { recordAudit } from '../../db/repositories/audit.ts';
import { post } from '../../db/repositories/ledger.ts';
import { feesBooked, noteFees } from '../../db/repositories/provider-fees.ts';
import { clearingCode, feesCode } from '../../domain/chart-of-accounts.ts';
import { isPositive, isZero, negate, round, subtract } from '../../domain/money.ts';
import type { Fees } from '../../domain/provider-fees.ts';
import type { Tools } from '../kit/activity.ts';

interface Deposit {
  transactionId: number;
  connectionId: number;
  currency: { alphabeticCode: string; minorUnit: number };
}

/**
 * The provider owes us so much less, and the broker bears it. When it says otherwise later, the difference is booked. Only for who has locked the deposit;
 * harmless to repeat.
 */
export const bookFees = async (
  db: Queryable,
  { transactionId, connectionId, currency: { alphabeticCode, minorUnit } }: Deposit,
  fees: Fees,
  run: Tools['run'],
): Promise<void> => {
  if (Object.keys(fees).length === 0) return;
  const ours = feesCode(connectionId, alphabeticCode);
  const clearing = clearingCode(connectionId, alphabeticCode);
  let booked = await feesBooked(db, transactionId);
  for (const [id, told] of Object.entries(fees)) {
    const before = booked[id] ?? [];
    const fee = round(told, minorUnit, 'up'); // as a payout's
    const more = subtract(fee, before.at(-1) ?? '0');
    if (isZero(more)) continue;
    await post(db, `transaction:${transactionId}:fee:${id}:${before.length}`, [
      isPositive(more)
        ? { do: 'post', from: ours, to: clearing, amount: more }
        : { do: 'post', from: clearing, to: ours, amount: negate(more) },
    ]);
    booked = { ...booked, [id]: [...before, fee] };
    await noteFees(db, transactionId, booked);
    const after = { of: id, before: before.at(-1) ?? null, fee };
    await recordAudit(db, {
      actor: 'workflow',
      action: 'deposit.provider-fee',
      object: `transaction:${transactionId}`,
      after,
      ...run,
    });
  }
};
