import type { Queryable } from '../../db/pool.ts';
import type { AccountFacts } from '../../db/repositories/orders.ts';
import { assertSees } from '../../db/repositories/sight.ts';
import { HubFailure } from '../../domain/failures.ts';
import { compare, fits, subtract } from '../../domain/money.ts';
import type { Currency } from '../../domain/money-order.ts';
import { freshFacts, type OrderFacts } from './facts.ts';
import type { Orderer } from './orderer.ts';

/** An account this caller may name in a request: a client's own, or one of a client the operator sees. Else 404 on `field`. */
export const accountOf = async (
  db: Queryable,
  actor: Orderer,
  accountId: number,
  field: string,
  facts = freshFacts(db),
): Promise<AccountFacts> => {
  const account = await facts.account(accountId);
  if (!account) throw notFound('account', field);
  if (actor.kind === 'user') await assertSees(db, actor, account.clientId, 'account', field);
  else if (account.clientId !== actor.id || account.status === 'failed') throw notFound('account', field);
  return account;
};

export const isWallet = (account: AccountFacts): boolean => account.platformType === 'personal';

/** Providers pay into and out of wallets; a trading account is reached by a transfer. */
export const assertWallet = (account: AccountFacts, field: string): void => {
  if (isWallet(account)) return;
  throw new HubFailure('Rejected', 'restricted', 'Only wallets take deposits and pay out; use a transfer.', { field });
};

export const currencyOf = async (facts: OrderFacts, numericCode: number): Promise<Currency> => {
  const currency = await facts.currency(numericCode);
  if (!currency) throw notFound('currency', 'currencyCode');
  return currency;
};

/** An amount that exists in this currency: no more decimals than it has. */
export const assertFits = (amount: string, { minorUnit, alphabeticCode }: Currency): void => {
  if (fits(amount, minorUnit)) return;
  throw new HubFailure('InvalidInput', 'too_many_decimals', `${alphabeticCode} has ${minorUnit} decimals at most.`, {
    field: 'amount',
  });
};

/**
 * Said before anything is written. Counts what is held and what was ordered a moment ago and is not held yet, under the account's
 * row lock: of many orders at once only those the balance covers get in. The hold, made by each run, remains the judge.
 */
export const assertFunds = async (db: Queryable, account: AccountFacts, amount: string): Promise<void> => {
  await db.query(`select from account where account_id = $1 for no key update`, [account.accountId]);
  const { rows } = await db.query<{ balance: string; held: string; ordered: string }>(
    `select balance::text, held::text, (select coalesce(sum(amount), 0)::text from money_transaction where debit_account_id = $2 and stage = 'created') as ordered
       from ledger_account where code = $1`,
    [account.ledgerCode, account.accountId],
  );
  const available = rows[0] ? subtract(subtract(rows[0].balance, rows[0].held), rows[0].ordered) : '0';
  if (compare(amount, available) > 0) throw insufficientFunds();
};

/**
 * What a client first brings to an account is as much as its product wants (`minDepositAmount`). Nothing is said of what follows, nor to operators; what is under
 * way may never come.
 */
export const assertFirstDeposit = async (
  db: Queryable,
  actor: Orderer,
  { accountId, minDeposit }: AccountFacts,
  amount: string,
): Promise<void> => {
  if (actor.kind !== 'client' || compare(amount, minDeposit) >= 0) return;
  const { rowCount } = await db.query(
    `select from money_transaction where credit_account_id = $1 and stage = 'done' limit 1`,
    [accountId],
  );
  if (rowCount !== 0) return;
  const issue = `The first deposit into this account is ${minDeposit} at least.`;
  throw new HubFailure('Rejected', 'amount_too_small', issue, { field: 'amount' });
};

export const insufficientFunds = (issue = 'Insufficient funds.') =>
  new HubFailure('Rejected', 'insufficient_funds', issue, { field: 'amount' });

/** `what` completes the sentence "There is no such …". */
const notFound = (what: string, field: string) =>
  new HubFailure('NotFound', 'not_found', `There is no such ${what}.`, { field });
