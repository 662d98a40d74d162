import { assertRefundable } from '../../../activities/transactions/refunds.ts';
import type { PaymentAdapter } from '../../../adapters/kit/payments.ts';
import type { Queryable } from '../../../db/pool.ts';
import { HubFailure } from '../../../domain/failures.ts';
import type { Amount } from '../../../domain/money.ts';
import type { UserActor } from '../../kit/access.ts';
import type { MoneyHub } from '../hub.ts';
import { accountOf, assertFits, assertFunds, currencyOf } from '../../../activities/intake/accounts.ts';
import { freshFacts } from '../../../activities/intake/facts.ts';
import type { NewOrder } from '../../../activities/intake/new-order.ts';

export interface RefundRequest {
  /** Absent: all that is left. */
  amount?: Amount | undefined;
  comment?: string | undefined;
}

/** A deposit, or a part of it, back the way it came, or the reason why not. Locks the deposit: of two refunds at once the second sees the first. */
export const refundOrder = async (
  hub: MoneyHub,
  db: Queryable,
  actor: UserActor,
  depositId: number,
  { amount: wished, comment }: RefundRequest,
): Promise<NewOrder> => {
  const deposit = await assertRefundable(db, depositId, wished ?? null);
  const { category, adapter, caption } = hub.tools().provider(deposit.provider);
  if (category !== 'payments' || !(adapter as PaymentAdapter).createRefund)
    throw new HubFailure('Unsupported', 'unsupported', `${caption} gives nothing back; pay it out another way.`);
  if (deposit.unasked)
    throw new HubFailure(
      'Unsupported',
      'unsupported',
      'It came without being asked for: give it back at the provider.',
    );
  // What it is worth now is not what it was: the books follow at the rate it came with, once the provider has given it back.
  if (deposit.exchanged)
    throw new HubFailure('Unsupported', 'unsupported', 'It changed currency: give it back at the provider.');
  const facts = freshFacts(db);
  const account = await accountOf(db, actor, deposit.accountId, 'transactionId', facts);
  const currency = await currencyOf(facts, account.currency);
  const amount = wished ?? deposit.left;
  assertFits(amount, currency);
  await assertFunds(db, account, amount);
  return {
    type: 'withdrawal',
    clientId: account.clientId,
    debit: account,
    credit: null,
    currency,
    amount,
    vendorCommission: '0',
    providerCommission: '0',
    method: await facts.method(deposit.methodId),
    exchange: null,
    data: {},
    comment: comment ?? null,
    refundOf: { transactionId: depositId, connectionId: deposit.connectionId },
  };
};
