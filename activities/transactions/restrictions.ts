import { type ClientRights, loadClientRights, movedInPeriod } from '../../db/repositories/client-rights.ts';
import type { Queryable } from '../../db/pool.ts';
import {
  type AccountFacts,
  loadAccountFacts,
  loadMethodFacts,
  type MethodFacts,
} from '../../db/repositories/orders.ts';
import { accountSide, loadTransaction, providerSide, refundedBy } from '../../db/repositories/transactions.ts';
import { periodInWords, RIGHT_OF } from '../../domain/client-rights.ts';
import { HubFailure } from '../../domain/failures.ts';
import type { Obstacle } from '../../domain/reasons.ts';
import { add, type Amount, compare, isZero } from '../../domain/money.ts';
import type { Activity } from '../kit/activity.ts';
import { assertListed } from './listed-address.ts';
import { assertNoRecentChange } from './recent-change.ts';
import { assertRefundable } from './refunds.ts';

const restricted = (because: Obstacle, issue: string, field?: string) =>
  new HubFailure('Rejected', 'restricted', issue, { ...(field !== undefined && { field }), because });

/** The account is open, its owner may act, and it has every one of these rights. `field` is named in the error. */
export const assertAccountMay = (
  account: AccountFacts | null,
  rights: readonly string[],
  field: string,
): AccountFacts => {
  if (!account) throw new HubFailure('InvalidInput', 'not_found', 'There is no such account.', { field });
  if (account.clientStatus !== 'active') throw restricted('client_status', 'The client is not active.', field);
  if (account.status !== 'active') throw restricted('account_status', 'The account is not open.', field);
  if (account.connectionEnabled === false)
    throw restricted('switched_off', 'The platform of the account is switched off.', field);
  const missing = ['enabled', ...rights].find((right) => !account.permissions.includes(right));
  if (missing) throw restricted('account_rights', `The account has no right '${missing}'.`, field);
  return account;
};

/** Play money never becomes money, nor money play money. Null: somebody outside, who pays and is paid in money. `field` is named in the error. */
export const assertSameMoney = (from: AccountFacts | null, to: AccountFacts | null, field: string): void => {
  if ((from?.isDemo ?? false) !== (to?.isDemo ?? false))
    throw restricted('play_money', 'A demo account holds play money: it moves between demo accounts only.', field);
};

/** The method serves this direction and currency, and the amount is within its limits. */
export const assertMethodTakes = (
  method: MethodFacts | null,
  direction: 'deposit' | 'withdrawal',
  currency: number,
  amount: Amount | null,
): MethodFacts => {
  if (!method || method.direction !== direction)
    throw new HubFailure('InvalidInput', 'not_found', 'There is no such method.', { field: 'methodId' });
  if (!method.enabled || !method.connectionEnabled)
    throw restricted('switched_off', 'The method is switched off.', 'methodId');
  assertWithin(method.currencies, currency, amount);
  return method;
};

/** The method takes or pays this currency on the provider's side, where that is not the account's, and the amount is within its limits there. */
export const assertMethodExchanges = (method: MethodFacts, currency: number, amount: Amount | null): void =>
  assertWithin(method.paymentCurrencies, currency, amount);

const assertWithin = (all: MethodFacts['currencies'], currency: number, amount: Amount | null): void => {
  const limits = all.find((one) => one.numericCode === currency);
  if (!limits)
    throw new HubFailure('Rejected', 'currency_mismatch', 'The method does not serve this currency.', {
      field: 'currencyCode',
    });
  if (amount === null) return;
  if (compare(amount, limits.min) < 0)
    throw new HubFailure('Rejected', 'amount_too_small', `The smallest amount is ${limits.min}.`, { field: 'amount' });
  if (!isZero(limits.max) && compare(amount, limits.max) > 0)
    throw new HubFailure('Rejected', 'amount_too_big', `The largest amount is ${limits.max}.`, { field: 'amount' });
};

export interface Movement {
  clientId: number;
  type: 'deposit' | 'withdrawal' | 'transfer';
  currency: number;
  /** Null: any amount, so that no limit can be compared. */
  amount: Amount | null;
  /** Null before it is placed. */
  transactionId: number | null;
}

/** The client's verification level and what was said of him, these rights, allow this kind of movement, and so much of it; with `limits` false only the kind. */
export const assertLevelAllows = async (
  db: Queryable,
  movement: Movement,
  rights: ClientRights,
  limits = true,
): Promise<void> => {
  const { clientId, type, currency, amount, transactionId: before } = movement;
  const right = RIGHT_OF[type];
  if (rights.explicit?.[right] === false) throw restricted('broker', 'The broker does not allow this.');
  if (!rights.may[right]) {
    throw restricted(
      'verification_level',
      'The verification level does not allow this. Verify for a higher level first.',
    );
  }
  const limit = rights.limits[type];
  if (!limits || !limit || amount === null || limit.currencyCode !== currency) return;
  // Of two that are ordered at once the second waits here, and counts the first. A client is locked before his accounts.
  if (before === null) await db.query(`select from client where client_id = $1 for no key update`, [clientId]);
  const moved = await movedInPeriod(db, { clientId, type, currency, period: limit.period, before });
  if (compare(add(moved, amount), limit.amount) > 0) {
    throw new HubFailure(
      'Rejected',
      'limit_exceeded',
      `The verification level allows ${limit.amount} within ${periodInWords(limit.period)}.`,
      { field: 'amount' },
    );
  }
};

const check = async (
  db: Queryable,
  transactionId: number,
  rights: { debit?: string[]; credit?: string[] },
  limits: boolean,
): Promise<void> => {
  const transaction = await loadTransaction(db, transactionId);
  const refundOf = refundedBy(transaction);
  if (refundOf !== null) {
    // It is the broker's wish, not the client's: what he may do has no say in it.
    await assertRefundable(db, refundOf, transaction.amount, transactionId);
    return;
  }
  const side = async (accountId: number | null, wanted: string[] | undefined) =>
    wanted ? assertAccountMay(await loadAccountFacts(db, accountId!), wanted, 'accountId') : null;
  const debit = await side(transaction.debitAccountId, rights.debit);
  const credit = await side(transaction.creditAccountId, rights.credit);
  assertSameMoney(debit, credit, 'accountId');
  const { clientId, type, exchange } = transaction;
  const { amount, currency: own } = accountSide(transaction);
  const currency = own.numericCode;
  const movement = { clientId, type, currency, amount, transactionId };
  await assertLevelAllows(db, movement, await loadClientRights(db, clientId), limits || type === 'transfer');
  // What came after the order was not made for it; what an operator orders is his word.
  if (limits && type === 'withdrawal' && transaction.userId === null) await assertNoRecentChange(db, clientId);
  if (transaction.methodId === null) return;
  const method = await loadMethodFacts(db, transaction.methodId);
  const outside = providerSide(transaction);
  if (limits) {
    const taken = assertMethodTakes(method, type === 'withdrawal' ? 'withdrawal' : 'deposit', currency, amount);
    if (exchange) assertMethodExchanges(taken, outside.currency.numericCode, outside.amount);
  }
  if (type === 'withdrawal' && method)
    await assertListed(db, {
      clientId,
      currency: outside.currency.numericCode,
      fields: method.fields,
      data: transaction.data,
    });
};

/** Checked when the order came in; checked again here, because rights may have changed since. */
export const assertMayWithdraw: Activity<{ transactionId: number }, void> = ({ transactionId }, { pool }) =>
  check(pool, transactionId, { debit: ['withdrawal'] }, true);

/** After the approval: the client and the account may still pay, and to this address. What the method takes was settled when it was ordered. */
export const assertStillMayWithdraw: Activity<{ transactionId: number }, void> = ({ transactionId }, { pool }) =>
  check(pool, transactionId, { debit: ['withdrawal'] }, false);

/** Money that arrived is never refused for a limit or a method that was switched off meanwhile: it is here. */
export const assertMayDeposit: Activity<{ transactionId: number }, void> = async ({ transactionId }, { pool }) => {
  const { arrival } = await loadTransaction(pool, transactionId);
  if (arrival === null) await check(pool, transactionId, { credit: ['deposit'] }, true);
};

export const assertMayTransfer: Activity<{ transactionId: number }, void> = ({ transactionId }, { pool }) =>
  check(pool, transactionId, { debit: ['transferWithdrawal'], credit: ['transferDeposit'] }, false);
