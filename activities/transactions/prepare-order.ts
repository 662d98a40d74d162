import type { Provider } from '../../adapters/kit/manifest.ts';
import type { PaymentAdapter } from '../../adapters/kit/payments.ts';
import { loadAccountFacts, loadMethodFacts, type MethodFacts } from '../../db/repositories/orders.ts';
import { lastWord } from '../../db/repositories/requests.ts';
import { loadTransaction, refundedBy } from '../../db/repositories/transactions.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { MoneyOrder, OrderSide } from '../../domain/money-order.ts';
import { isFinal } from '../../domain/stages.ts';
import type { Activity, Tools } from '../kit/activity.ts';
import { policyFor } from './approval-policy.ts';
import { beginsHere } from './own-run.ts';

/**
 * The facts a money workflow tells its story with, and how many persons must approve. Throws `Rejected` already_done for a
 * transaction that is over: whatever starts a second run for it, money moves once.
 */
export const prepareOrder: Activity<{ transactionId: number }, MoneyOrder> = async ({ transactionId }, tools) => {
  const { pool, provider } = tools;
  const transaction = await loadTransaction(pool, transactionId);
  if (isFinal(transaction.stage)) {
    throw new HubFailure('Rejected', 'already_done', `Transaction ${transactionId} is over: ${transaction.stage}.`);
  }
  const begins = await beginsHere(pool, transactionId, tools.run);
  // Of a deposit that was not even opened there is nothing to find out.
  const resumed = !begins && !(transaction.type === 'deposit' && transaction.stage === 'created');
  const method = transaction.methodId === null ? null : await loadMethodFacts(pool, transaction.methodId);
  const refundOf = refundedBy(transaction);
  const { arrivalOf, arrivalWhy } = transaction.providerData as { arrivalOf?: string; arrivalWhy?: string };
  return {
    transactionId,
    type: transaction.type,
    clientId: transaction.clientId,
    amount: transaction.amount,
    currency: transaction.currency,
    vendorCommission: transaction.vendorCommission,
    reference: transaction.reference,
    requestedBy: transaction.userId,
    approvals: await policyFor(tools, pool, transaction, transaction.amount),
    debit: await side(tools, transaction.debitAccountId),
    credit: await side(tools, transaction.creditAccountId),
    exchange: transaction.exchange && {
      currency: transaction.exchange.currency,
      ...(resumed && { fixed: transaction.exchange.fixed }),
    },
    method: method && {
      connectionId: transaction.connectionId ?? method.connectionId,
      provider: method.provider,
      flow: method.flow,
      idempotency: provider(method.provider).idempotency,
      ...(refundOf === null && powersOf(provider(method.provider), transaction.type, method.flow)),
    },
    refundOf,
    ...(resumed && { resumed: true, saidBefore: await lastWord(pool, transactionId) }),
    arrival:
      transaction.arrival === null
        ? null
        : {
            paymentId: transaction.arrival.slice(transaction.arrival.indexOf(':') + 1),
            ofReference: arrivalOf!,
            why: arrivalWhy ?? null,
          },
  };
};

/** What there is to do beyond the usual: methods whose provider has no more powers are told nothing of them. */
const powersOf = (
  { category, adapter, capabilities, confirmedBy }: Provider,
  type: MoneyOrder['type'],
  flow: MethodFacts['flow'],
): Pick<NonNullable<MoneyOrder['method']>, 'tellsPayer' | 'preparesPayouts' | 'paidByPeople'> => {
  if (category !== 'payments') return {};
  if (type === 'deposit')
    return flow === 'manual' && capabilities.includes('deposit.custom_fields') ? { tellsPayer: true } : {};
  return {
    ...((adapter as PaymentAdapter).preparePayout && { preparesPayouts: true }),
    ...(confirmedBy === 'person' && { paidByPeople: true }),
  };
};

const side = async ({ pool, provider }: Tools, accountId: number | null): Promise<OrderSide | null> => {
  const account = accountId === null ? null : await loadAccountFacts(pool, accountId);
  if (!account) return null;
  const { connectionId, provider: providerId, accountNumber } = account;
  return {
    accountId: account.accountId,
    ledgerCode: account.ledgerCode,
    platform:
      connectionId === null || providerId === null
        ? null
        : {
            connectionId,
            provider: providerId,
            login: accountNumber ?? '',
            idempotency: provider(providerId).idempotency,
          },
  };
};
