import { loadAccountFacts, loadApprovalPolicies, loadMethodFacts, loadTagIds } from '../../db/repositories/orders.ts';
import { loadTransaction } from '../../db/repositories/transactions.ts';
import { approvalsNeeded } from '../../domain/approvals.ts';
import type { MoneyOrder, OrderSide } from '../../domain/money-order.ts';
import type { Activity, Tools } from '../kit/activity.ts';

/** The facts a money workflow tells its story with, and how many persons must approve. */
export const prepareOrder: Activity<{ transactionId: number }, MoneyOrder> = async ({ transactionId }, tools) => {
  const { pool, provider } = tools;
  const transaction = await loadTransaction(pool, transactionId);
  const method = transaction.methodId === null ? null : await loadMethodFacts(pool, transaction.methodId);
  const approvals = approvalsNeeded(await loadApprovalPolicies(pool), {
    kind: transaction.type,
    currency: transaction.currency.numericCode,
    methodId: transaction.methodId,
    tagIds: await loadTagIds(pool, transaction.clientId),
    amount: transaction.amount,
  });
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
    approvals,
    debit: await side(tools, transaction.debitAccountId),
    credit: await side(tools, transaction.creditAccountId),
    method: method && {
      connectionId: method.connectionId,
      provider: method.provider,
      flow: method.flow,
      idempotency: provider(method.provider).idempotency,
    },
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
