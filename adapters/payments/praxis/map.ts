import { HubFailure } from '../../../domain/failures.ts';
import {
  add,
  type Amount,
  compare,
  fromMinor,
  isPositive,
  percentOf,
  subtract,
  toMinor,
} from '../../../domain/money.ts';
import { notOurs } from '../../kit/answers.ts';
import type {
  Arrival,
  DepositAction,
  DepositReport,
  DepositState,
  PayoutReport,
  PayoutState,
} from '../../kit/payments.ts';
import { type Json, word } from '../../kit/json.ts';
import type { Context, Members, Order } from './client.ts';
import type { PraxisConfig } from './config.ts';

const THREE = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '));
const NONE = new Set('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' '));

/** Decimals of their integers: their own list, not ISO's. */
export const exponent = (currency: string): number => (THREE.has(currency) ? 3 : NONE.has(currency) ? 0 : 2);

// prettier-ignore
const ISO = new Map(
  ('AED784 ARS32 AUD36 BDT50 BGN975 BHD48 BIF108 BRL986 CAD124 CHF756 CLP152 CNY156 COP170 CZK203 DJF262 DKK208 EGP818 EUR978 GBP826 GHS936 ' +
    'GNF324 HKD344 HUF348 IDR360 ILS376 INR356 IQD368 ISK352 JOD400 JPY392 KES404 KMF174 KRW410 KWD414 KZT398 LYD434 MAD504 MXN484 MYR458 ' +
    'NGN566 NOK578 NZD554 OMR512 PEN604 PHP608 PKR586 PLN985 PYG600 QAR634 RON946 RWF646 SAR682 SEK752 SGD702 THB764 TND788 TRY949 TWD901 ' +
    'UAH980 UGX800 USD840 UYI940 UYU858 VND704 VUV548 XAF950 XOF952 XPF953 ZAR710').split(' ').map((one) => [one.slice(0, 3), Number(one.slice(3))] as const),
);

const codeOf = ({ currencies }: PraxisConfig, currency: string): number | undefined =>
  Object.hasOwn(currencies, currency) ? currencies[currency] : ISO.get(currency);

const numericCode = (config: PraxisConfig, currency: string): number => {
  const code = codeOf(config, currency);
  if (code) return code;
  throw notOurs('Praxis', 'the order is in a currency this connection does not know', 'currency_mismatch');
};

/** Their integer for an order's amount. Throws `Unsupported` when code and currency do not belong together, `InvalidInput` on too many decimals. */
export const minorOf = (
  config: PraxisConfig,
  amount: Amount,
  currency: { alphabeticCode: string; numericCode: number },
) => {
  const { alphabeticCode } = currency;
  if (codeOf(config, alphabeticCode) !== currency.numericCode)
    throw new HubFailure('Unsupported', 'currency_mismatch', `This Praxis connection does not map ${alphabeticCode}`);
  return toMinor(amount, exponent(alphabeticCode));
};

/** Null when they told none. */
const amountOf = (minor: Json | undefined, currency: string): Amount | null => {
  if (minor === undefined || minor === null) return null;
  if (/^\d{1,17}$/.test(word(minor))) return fromMinor(word(minor), exponent(currency));
  throw new HubFailure('Unavailable', 'provider_garbage', 'Praxis told an amount that is no integer');
};

// prettier-ignore
const DEPOSITS = new Map<string, Exclude<Arrival['state'], 'seen'>>([
  ['initialized', 'processing'], ['pending', 'processing'], ['pending_async', 'processing'], ['authorized', 'processing'],
  ['approved', 'succeeded'], ['chargeback', 'succeeded'], ['reversed', 'succeeded'],
  ['rejected', 'failed'], ['declined', 'failed'], ['error', 'failed'], ['cancelled', 'failed'],
]);
/** Words a session may end with before anybody paid. Only `open` is published. */
const OVER = new Set(['expired', 'timeout', 'closed', 'cancelled', 'rejected', 'failed']);

// `authorized`: approved by a manager of theirs, to be sent by hand.
// prettier-ignore
const PAYOUTS = new Map<string, PayoutState>([
  ['initialized', 'processing'], ['pending', 'processing'], ['pending_async', 'processing'], ['in progress', 'processing'],
  ['authorized', 'awaiting_approval'], ['approved', 'succeeded'], ['reversed', 'returned'],
  ['rejected', 'failed'], ['declined', 'failed'], ['error', 'failed'], ['cancelled', 'cancelled'],
]);

/** Says what is wrong with the amounts of a transaction. `rate`: what one unit of `currency` is worth in `processed_currency`. */
const oddity = (session: Members, transaction: Members, currency: string, amount: Amount): string | undefined => {
  const total = amountOf(session.processed_amount, currency);
  if (total !== null && compare(total, amount) > 0) return 'the session holds more than the payment they show';
  const paidIn = word(transaction.processed_currency) || currency;
  const paid = amountOf(transaction.processed_amount, paidIn);
  if (paid === null) return undefined;
  const rate = paidIn === currency ? '1' : word(transaction.conversion_rate);
  if (!/^\d{1,12}(\.\d{1,12})?$/.test(rate)) return 'they tell no rate';
  // Whatever their rate loses to its own decimals, and two units of what was paid.
  const lost = percentOf(amount, rate.includes('.') ? rate.replace(/\d/g, '0').replace(/0$/, '1') : '0');
  const slack = paidIn === currency ? '0' : add(lost, percentOf(fromMinor('2', exponent(paidIn)), '1'));
  const off = subtract(percentOf(amount, rate), percentOf(paid, '1'));
  const within = compare(off, slack) <= 0 && compare(off, `-${slack}`) >= 0;
  return within ? undefined : 'amount, processed amount and rate disagree';
};

const whyOf = (ctx: Context, transaction: Members): { why?: string } => {
  const why = ctx.scrub([word(transaction.status_code), word(transaction.status_details)].filter(Boolean).join(' '));
  return why ? { why } : {};
};

/** Their currency of a transaction is always that of the session; anything else is not what we asked for. */
const currencyOf = ({ session, transaction }: Order): string => {
  const currency = word(session.currency);
  if (transaction && word(transaction.currency) !== currency)
    throw notOurs('Praxis', 'session and transaction are in two currencies', 'currency_mismatch');
  return currency;
};

export const depositReport = (ctx: Context, order: Order, action: DepositAction): DepositReport => {
  const { session, transaction } = order;
  const currency = currencyOf(order);
  const stage = word(session.session_status);
  const base = {
    providerId: word(session.order_id),
    action,
    arrivals: [],
    processed: null,
    currencyCode: numericCode(ctx.config, currency),
  };
  const open = stage === 'open';
  if (!transaction) {
    const known = open || OVER.has(stage);
    const state: DepositState = open ? 'awaiting_payer' : known ? 'expired' : 'processing';
    return {
      ...base,
      state,
      providerStatus: `session ${stage || 'without a status'}`,
      ...(!known && { unknownWord: true }),
    };
  }
  const status = word(transaction.transaction_status);
  const amount = amountOf(transaction.amount, currency);
  const id = word(transaction.tid);
  if (id === '' || amount === null) throw new HubFailure('Unavailable', 'provider_garbage', 'Praxis told a transaction without tid or amount'); // prettier-ignore
  if (word(transaction.transaction_type) === 'refund') {
    const refund = { id, kind: 'refund', paymentId: word(transaction.reference_id), state: 'done', amount } as const;
    // The sale itself is hidden behind its refund: who did not see it before must be told by a person.
    return { ...base, state: 'processing', providerStatus: `refund ${status}`, unknownWord: true, reversals: status === 'approved' ? [refund] : [] }; // prettier-ignore
  }
  const state = DEPOSITS.get(status);
  const elsewhere = amountOf(session.processed_amount, currency);
  if (state === 'failed' && elsewhere !== null && isPositive(elsewhere))
    return {
      ...base,
      state: 'review',
      providerStatus: status,
      why: 'the session holds money, and the payment they show was refused',
    };
  const why = state === 'succeeded' ? oddity(session, transaction, currency, amount) : undefined;
  const came = state === 'succeeded' && isPositive(amount);
  const arrival: Arrival = {
    id,
    state: why ? 'review' : (state ?? 'processing'),
    amount,
    currencyCode: base.currencyCode,
    ...(why && { why }),
  };
  return {
    ...base,
    // Refused, but the page is still open: the client may try another way.
    state: state !== 'failed' ? arrival.state : open ? 'awaiting_payer' : status === 'cancelled' ? status : state,
    providerStatus: status,
    ...(state === undefined && { unknownWord: true }),
    arrivals: [arrival],
    processed: came ? amount : null,
    ...reversals(status, id, amount),
    ...(why ? { why } : whyOf(ctx, transaction)),
  };
};

/** They have no object for it, only a word of the payment itself. */
const reversals = (status: string, tid: string, amount: Amount): Pick<DepositReport, 'reversals'> =>
  status === 'chargeback'
    ? { reversals: [{ id: `${tid}:chargeback`, kind: 'dispute', paymentId: tid, state: 'open', amount }] }
    : status === 'reversed'
      ? { reversals: [{ id: `${tid}:reversed`, kind: 'refund', paymentId: tid, state: 'done', amount }] }
      : {};

export const payoutReport = (ctx: Context, order: Order & { transaction: Members }): PayoutReport => {
  const { transaction } = order;
  const currency = currencyOf(order);
  const status = word(transaction.transaction_status);
  const state = PAYOUTS.get(status);
  const split = status.startsWith('split');
  return {
    providerId: word(transaction.tid),
    state: state ?? 'processing',
    providerStatus: status,
    ...(state === undefined && { unknownWord: true }),
    processed: state === 'succeeded' || state === 'returned' ? amountOf(transaction.amount, currency) : null,
    fee: null,
    currencyCode: numericCode(ctx.config, currency),
    ...(split ? { why: 'it was split at Praxis: look at its parts there' } : whyOf(ctx, transaction)),
  };
};
