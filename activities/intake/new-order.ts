import { quoteExchange } from '../rates/quote-exchange.ts';
import { assertListed } from '../transactions/listed-address.ts';
import { assertNoRecentChange } from '../transactions/recent-change.ts';
import {
  assertAccountMay,
  assertLevelAllows,
  assertMethodExchanges,
  assertMethodTakes,
  assertSameMoney,
} from '../transactions/restrictions.ts';
import type { Queryable } from '../../db/pool.ts';
import type { Correction } from '../../db/repositories/corrections.ts';
import type { ExchangeQuote } from '../../db/repositories/exchanges.ts';
import type { AccountFacts, MethodFacts } from '../../db/repositories/orders.ts';
import { loadMarkup } from '../../db/repositories/rates.ts';
import { commissionOn } from '../../domain/commissions.ts';
import { HubFailure } from '../../domain/failures.ts';
import { type Amount, compare, isZero, subtract } from '../../domain/money.ts';
import type { Currency } from '../../domain/money-order.ts';
import {
  accountOf,
  assertFirstDeposit,
  assertFits,
  assertFunds,
  assertWallet,
  currencyOf,
  isWallet,
} from './accounts.ts';
import { freshFacts } from './facts.ts';
import { methodData } from './method-fields.ts';
import type { Orderer } from './orderer.ts';

/** A money movement that may be placed: checked by the same rules its workflow checks again. */
export interface NewOrder {
  type: 'deposit' | 'withdrawal' | 'transfer';
  clientId: number;
  debit: AccountFacts | null;
  credit: AccountFacts | null;
  /** The payer's: of a deposit what is paid in, of all else what leaves the account. */
  currency: Currency;
  amount: Amount;
  /** In the currency of the client's account. */
  vendorCommission: Amount;
  /** An operator said so himself: the rules of the method have no say in it, whatever amount comes of the order. */
  commissionIsSet?: boolean;
  /** In the currency that is paid in or out. */
  providerCommission: Amount;
  /** Set when it changes currency; no quote where any amount may come. */
  exchange: { currency: Currency; quote: ExchangeQuote | null } | null;
  method: MethodFacts | null;
  data: Record<string, string>;
  comment: string | null;
  /** The deposit it gives back, through the connection that took it in. */
  refundOf?: { transactionId: number; connectionId: number };
  /** Set when the other side is the broker. */
  correction?: Correction;
}

export interface PaymentRequest {
  accountId: number;
  methodId: number;
  /** Null only for a method that takes any amount (an address). */
  amount: Amount | null;
  /** Numeric code of what is paid in or out; default: the account's own. */
  currencyCode?: number | undefined;
  data?: Record<string, unknown> | undefined;
  /** What an operator sets instead of the method's own rules. */
  vendorCommission?: Amount | undefined;
  providerCommission?: Amount | undefined;
  comment?: string | undefined;
  /** It is only asked what it would make: where to is not said yet. */
  amountOnly?: boolean;
  /** Operators enter what happened at a bank; money at a provider moves only by its client's word. */
  manualOnly?: boolean;
}

/** A deposit or withdrawal as ordered, or the reason why not. Reads only; `facts` other than fresh ones only where nothing is placed. */
export const paymentOrder = async (
  db: Queryable,
  actor: Orderer,
  type: 'deposit' | 'withdrawal',
  request: PaymentRequest,
  facts = freshFacts(db),
): Promise<NewOrder> => {
  const account = await accountOf(db, actor, request.accountId, 'accountId', facts);
  const own = await currencyOf(facts, account.currency);
  const code = request.currencyCode ?? account.currency;
  const outside = code === account.currency ? own : await currencyOf(facts, code);
  const currency = type === 'deposit' ? outside : own;
  const found = await facts.method(request.methodId);
  const openAmount = type === 'deposit' && found?.flow === 'address';
  if (request.amount === null && !openAmount) throw invalid('amount is required.', 'amount');
  const amount = openAmount ? null : request.amount;
  if (amount !== null) assertFits(amount, currency);
  const exchange =
    outside === own ? null : await exchangeOf(db, actor, type, { request, method: found, own, outside, amount });
  const onAccount = exchange && type === 'deposit' ? (exchange.quote?.amount ?? null) : amount;
  const method = assertMethodTakes(found, type, account.currency, onAccount);
  if (request.manualOnly && method.provider !== 'manual') {
    throw new HubFailure('Unsupported', 'unsupported', 'Only manual methods can be used here.', { field: 'methodId' });
  }
  assertAccountMay(account, [type], 'accountId');
  assertSameMoney(account, null, 'accountId');
  assertWallet(account, 'accountId');
  const level = {
    clientId: account.clientId,
    type,
    currency: account.currency,
    amount: onAccount,
    transactionId: null,
  };
  await assertLevelAllows(db, level, await facts.rights(account.clientId));
  if (type === 'deposit' && onAccount !== null) await assertFirstDeposit(db, actor, account, onAccount);
  if (type === 'withdrawal' && actor.kind === 'client') await assertNoRecentChange(db, account.clientId);
  const vendorCommission = commission(request, method, own, onAccount ?? '0');
  const data = request.amountOnly ? {} : methodData(method, request.data ?? {});
  if (type === 'withdrawal' && !request.amountOnly)
    await assertListed(db, { clientId: account.clientId, currency: code, fields: method.fields, data });
  if (type === 'withdrawal') await assertFunds(db, account, amount!);
  return {
    type,
    clientId: account.clientId,
    debit: type === 'withdrawal' ? account : null,
    credit: type === 'deposit' ? account : null,
    currency,
    amount: amount ?? '0',
    vendorCommission,
    commissionIsSet: request.vendorCommission !== undefined,
    providerCommission: providerCommission(request, outside),
    exchange,
    method,
    data,
    comment: request.comment ?? null,
  };
};

const keptIn = ({ alphabeticCode }: Currency) =>
  new HubFailure('Rejected', 'currency_mismatch', `The account is kept in ${alphabeticCode}.`, {
    field: 'currencyCode',
  });

/**
 * What the order makes in the other currency: of a deposit all that is paid, of a payout what the commission leaves. The method must serve both currencies,
 * and the broker must not have closed the pair.
 */
const exchangeOf = async (
  db: Queryable,
  actor: Orderer,
  type: 'deposit' | 'withdrawal',
  order: {
    request: PaymentRequest;
    method: MethodFacts | null;
    own: Currency;
    outside: Currency;
    amount: Amount | null;
  },
): Promise<NonNullable<NewOrder['exchange']>> => {
  const { request, own, outside, amount } = order;
  const method = assertMethodTakes(order.method, type, own.numericCode, null);
  if (!method.paymentCurrencies.some((one) => one.numericCode === outside.numericCode)) throw keptIn(own);
  const [from, to] = type === 'deposit' ? [outside, own] : [own, outside];
  const pair = await loadMarkup(db, from.numericCode, to.numericCode);
  if (pair && !(actor.kind === 'client' ? pair.forClients : pair.forAdmins)) {
    const issue = `${from.alphabeticCode} cannot be changed into ${to.alphabeticCode} now.`;
    throw new HubFailure('Rejected', 'restricted', issue, { field: 'currencyCode' });
  }
  if (amount === null) return { currency: to, quote: null };
  const changed = type === 'deposit' ? amount : subtract(amount, commission(request, method, own, amount));
  const quote = await quoteExchange(db, changed, from, to);
  if (isZero(quote.amount))
    throw new HubFailure('Rejected', 'amount_too_small', `That makes nothing in ${to.alphabeticCode}.`, {
      field: 'amount',
    });
  assertMethodExchanges(method, outside.numericCode, type === 'deposit' ? amount : quote.amount);
  return { currency: to, quote };
};

/** The broker's fee is taken inside the amount: something must be left. */
const commission = (
  { vendorCommission: set }: PaymentRequest,
  method: MethodFacts,
  currency: Currency,
  amount: Amount,
): Amount => {
  if (set !== undefined) assertDecimals(set, currency, 'vendorCommission');
  const rule = method.commissions.find((one) => one.numericCode === currency.numericCode);
  const fee = set ?? commissionOn(amount, rule, currency.minorUnit);
  if (compare(amount, '0') > 0 && compare(fee, amount) >= 0) {
    throw new HubFailure('Rejected', 'amount_too_small', `The commission of ${fee} would take the whole amount.`, {
      field: 'amount',
    });
  }
  return fee;
};

const providerCommission = ({ providerCommission: set = '0' }: PaymentRequest, currency: Currency): Amount => {
  assertDecimals(set, currency, 'providerCommission');
  return set;
};

const assertDecimals = (amount: Amount, currency: Currency, field: string): void => {
  try {
    assertFits(amount, currency);
  } catch (error) {
    throw new HubFailure('InvalidInput', 'too_many_decimals', (error as Error).message, { field });
  }
};

const invalid = (issue: string, field: string) => new HubFailure('InvalidInput', 'validation', issue, { field });

export interface TransferRequest {
  sourceId: number;
  destinationId: number;
  amount: Amount;
  /** Both accounts must be this client's. */
  clientId: number;
  /** Names of the two accounts in the caller's body. */
  fields: { source: string; destination: string };
}

/** A transfer between two accounts of one client, or the reason why not. Reads only. */
export const transferOrder = async (db: Queryable, actor: Orderer, request: TransferRequest): Promise<NewOrder> => {
  const { fields, amount, clientId } = request;
  const from = await accountOf(db, actor, request.sourceId, fields.source);
  const to = await accountOf(db, actor, request.destinationId, fields.destination);
  for (const [account, field] of [
    [from, fields.source],
    [to, fields.destination],
  ] as const) {
    if (account.clientId !== clientId) throw invalid('The account belongs to another client.', field);
  }
  if (from.accountId === to.accountId) {
    throw new HubFailure('Rejected', 'same_account', 'Source and destination are the same account.', {
      field: fields.destination,
    });
  }
  const facts = freshFacts(db);
  const currency = await currencyOf(facts, from.currency);
  if (from.currency !== to.currency) {
    throw new HubFailure('Rejected', 'currency_mismatch', 'A transfer stays in one currency; use an exchange.', {
      field: fields.destination,
    });
  }
  assertFits(amount, currency);
  assertAccountMay(from, ['transferWithdrawal'], fields.source);
  assertAccountMay(to, ['transferDeposit'], fields.destination);
  assertSameMoney(from, to, fields.destination);
  const movement = { clientId, type: 'transfer', currency: from.currency, amount, transactionId: null } as const;
  await assertLevelAllows(db, movement, await facts.rights(clientId));
  if (!isWallet(from) && !isWallet(to)) {
    throw new HubFailure('Unsupported', 'unsupported', 'Between two trading accounts: transfer to a wallet first.', {
      field: fields.destination,
    });
  }
  // Back into a wallet he takes what he likes.
  if (!isWallet(to)) await assertFirstDeposit(db, actor, to, amount);
  // What a trading account holds is the platform's to say.
  if (isWallet(from)) await assertFunds(db, from, amount);
  return {
    type: 'transfer',
    clientId,
    debit: from,
    credit: to,
    currency,
    amount,
    vendorCommission: '0',
    providerCommission: '0',
    exchange: null,
    method: null,
    data: {},
    comment: null,
  };
};
