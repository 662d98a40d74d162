import type { Queryable } from '../../../db/pool.ts';
import { type AccountFacts, loadAccountFacts } from '../../../db/repositories/orders.ts';
import { HubFailure } from '../../../domain/failures.ts';
import { compare, fits, subtract } from '../../../domain/money.ts';
import type { Currency } from '../../../domain/money-order.ts';
import { type Actor, assertSees } from '../../kit/access.ts';
import { notFound } from '../../kit/errors.ts';

/** An account this caller may name in a request: a client's own, or one of a client the operator sees. Else 404 on `field`. */
export const accountOf = async (
  db: Queryable,
  actor: Actor,
  accountId: number,
  field: string,
): Promise<AccountFacts> => {
  const account = await loadAccountFacts(db, accountId);
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

export const currencyOf = async (db: Queryable, numericCode: number): Promise<Currency> => {
  const { rows } = await db.query<Currency>(
    `select numeric_code as "numericCode", alphabetic_code as "alphabeticCode", minor_unit as "minorUnit" from currency where numeric_code = $1`,
    [numericCode],
  );
  if (!rows[0]) throw notFound('currency', 'currencyCode');
  return rows[0];
};

/** An amount that exists in this currency: no more decimals than it has. */
export const assertFits = (amount: string, { minorUnit, alphabeticCode }: Currency): void => {
  if (fits(amount, minorUnit)) return;
  throw new HubFailure('InvalidInput', 'too_many_decimals', `${alphabeticCode} has ${minorUnit} decimals at most.`, {
    field: 'amount',
  });
};

/** Said before anything is written. Orders that come at the same moment may all pass: the hold decides between them. */
export const assertFunds = async (db: Queryable, account: AccountFacts, amount: string): Promise<void> => {
  const { rows } = await db.query<{ balance: string; held: string }>(
    `select balance::text, held::text from ledger_account where code = $1`,
    [account.ledgerCode],
  );
  const available = rows[0] ? subtract(rows[0].balance, rows[0].held) : '0';
  if (compare(amount, available) > 0) throw insufficientFunds();
};

export const insufficientFunds = (issue = 'Insufficient funds.') =>
  new HubFailure('Rejected', 'insufficient_funds', issue, { field: 'amount' });
