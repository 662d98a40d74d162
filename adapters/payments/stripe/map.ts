import { HubFailure } from '../../../domain/failures.ts';
import { type Amount, equal, fits, fromMinor, isPositive, negate, sum, toMinor } from '../../../domain/money.ts';
import { notOurs } from '../../kit/answers.ts';
import { type Json, listOf, objectOf, word } from '../../kit/json.ts';
import type {
  Arrival,
  CurrencyOfOrder,
  DepositReport,
  DepositState,
  PayoutReport,
  PayoutState,
  ProviderMovement,
  Reversal,
} from '../../kit/payments.ts';
import type { Thing } from './client.ts';

// Money ---------------------------------------------------------------------------------------------------------------

/** What Stripe charges in, with ISO 4217 numbers (docs.stripe.com/currencies). */
const CODES =
  'AED784 AFN971 ALL008 AMD051 ANG532 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050 BGN975 BHD048 BIF108 BMD060 BND096 BOB068 BRL986 ' +
  'BSD044 BWP072 BYN933 BZD084 CAD124 CDF976 CHF756 CLP152 CNY156 COP170 CRC188 CVE132 CZK203 DJF262 DKK208 DOP214 DZD012 EGP818 ETB230 EUR978 ' +
  'FJD242 FKP238 GBP826 GEL981 GIP292 GMD270 GNF324 GTQ320 GYD328 HKD344 HNL340 HTG332 HUF348 IDR360 ILS376 INR356 ISK352 JMD388 JOD400 JPY392 ' +
  'KES404 KGS417 KHR116 KMF174 KRW410 KWD414 KYD136 KZT398 LAK418 LBP422 LKR144 LRD430 LSL426 MAD504 MDL498 MGA969 MKD807 MMK104 MNT496 MOP446 ' +
  'MUR480 MVR462 MWK454 MXN484 MYR458 MZN943 NAD516 NGN566 NIO558 NOK578 NPR524 NZD554 OMR512 PAB590 PEN604 PGK598 PHP608 PKR586 PLN985 PYG600 ' +
  'QAR634 RON946 RSD941 RUB643 RWF646 SAR682 SBD090 SCR690 SEK752 SGD702 SHP654 SLE925 SOS706 SRD968 SZL748 THB764 TJS972 TND788 TOP776 TRY949 ' +
  'TTD780 TWD901 TZS834 UAH980 UGX800 USD840 UYU858 UZS860 VND704 VUV548 WST882 XAF950 XCD951 XOF952 XPF953 YER886 ZAR710 ZMW967';
/** ISK and UGX have no minor unit either, but go on the wire with two zeros. */
const WITHOUT_MINOR = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF';
const THOUSANDTHS = 'BHD JOD KWD OMR TND';

const EXPONENTS = new Map([
  ...WITHOUT_MINOR.split(' ').map((c) => [c, 0]),
  ...THOUSANDTHS.split(' ').map((c) => [c, 3]),
] as [string, number][]);
const NUMBERS = new Map(CODES.split(' ').map((one) => [one.slice(0, 3), Number(one.slice(3))]));

/** Decimals of a currency on their wire. */
export const exponentOf = (code: string): number => EXPONENTS.get(code.toUpperCase()) ?? 2;

/** Amount and currency as they want them. Throws before anything is sent. */
export const moneyParams = (amount: Amount, currency: CurrencyOfOrder): { amount: string; currency: string } => {
  const code = currency.alphabeticCode;
  if (NUMBERS.get(code) !== currency.numericCode)
    throw new HubFailure('Unsupported', 'currency_mismatch', `Stripe takes no ${code} (${currency.numericCode})`);
  // "The last digit must be 0": networks know two decimals of these.
  if (exponentOf(code) === 3 && !fits(amount, 2))
    throw new HubFailure('InvalidInput', 'too_many_decimals', `Stripe takes ${code} with two decimals`, {
      field: 'amount',
    });
  return { amount: toMinor(amount, exponentOf(code)), currency: code.toLowerCase() };
};

const amountOf = (minor: Json | undefined, code: string): Amount => {
  if (!/^-?\d{1,20}$/.test(word(minor))) throw notOurs('Stripe', 'an amount cannot be read');
  return fromMinor(word(minor), exponentOf(code));
};

const numberOf = (code: string): number => {
  const number = NUMBERS.get(code.toUpperCase());
  if (number === undefined) throw notOurs('Stripe', 'a currency nobody knows', 'currency_mismatch');
  return number;
};

export const referenceOf = (thing: Json | undefined): string => word(objectOf(objectOf(thing).metadata).hub_reference);

// Deposits ------------------------------------------------------------------------------------------------------------

/** Of the PaymentIntent, once the page was completed: before that a declined card leaves the page open for the next try. */
const AFTER_THE_PAGE: Record<string, DepositState> = {
  requires_action: 'processing',
  requires_confirmation: 'processing',
  requires_capture: 'processing',
  processing: 'processing',
  succeeded: 'succeeded',
  requires_payment_method: 'failed',
  canceled: 'cancelled',
};
const PAGE: Record<string, DepositState> = { open: 'awaiting_payer', expired: 'expired' };

/** `session` with its payment, charge and balance transaction expanded; refunds and disputes of that payment. */
export const depositReport = (session: Thing, refunds: Thing[] = [], disputes: Thing[] = []): DepositReport => {
  const code = word(session.currency);
  const payment = objectOf(session.payment_intent);
  const charge = objectOf(payment.latest_charge);
  const paid = word(session.status) === 'complete';
  const known = paid ? AFTER_THE_PAGE[word(payment.status)] : PAGE[word(session.status)];
  const total = amountOf(session.amount_total, code);
  const received = payment.amount_received === undefined ? '0' : amountOf(payment.amount_received, code);
  if (payment.currency !== undefined && word(payment.currency) !== code)
    throw notOurs('Stripe', 'page and payment have two currencies', 'currency_mismatch');
  const odd = known === 'succeeded' && !equal(received, total);
  const state = odd ? 'review' : (known ?? 'processing');
  const error = word(objectOf(payment.last_payment_error).message);
  const why = odd ? `${received} of ${total} came` : error;
  const booked = objectOf(charge.balance_transaction);
  return {
    providerId: word(session.id),
    state,
    providerStatus: [session.status, session.payment_status, payment.status].map(word).filter(Boolean).join(', '),
    ...(known === undefined && { unknownWord: true }),
    action:
      state === 'awaiting_payer' && word(session.url) ? { kind: 'redirect', url: word(session.url) } : { kind: 'none' },
    arrivals: arrivalsOf(payment, {
      state,
      amount: known === 'processing' ? amountOf(payment.amount, code) : received,
      currencyCode: numberOf(code),
      // In a balance of another currency it is not known what the fee is in this one.
      ...(word(booked.currency) === code && { fee: amountOf(booked.fee, code) }),
    }),
    processed: known === 'succeeded' ? received : null,
    currencyCode: numberOf(code),
    reversals: [...refunds.map((one) => refunded(one, code)), ...disputes.map((one) => disputed(one, code))].map(
      (one) => ({ ...one, ...(word(payment.id) && { paymentId: word(payment.id) }) }),
    ),
    ...(why && { why }),
  };
};

const arrivalsOf = (
  payment: Thing,
  { state, ...facts }: Pick<Arrival, 'amount' | 'currencyCode' | 'fee'> & { state: DepositState },
): Arrival[] =>
  state === 'processing' || state === 'succeeded' || state === 'review'
    ? [{ id: word(payment.id), state, ...facts }].filter(({ id }) => id !== '')
    : [];

type Taken = Pick<Reversal, 'kind' | 'state' | 'fee'> & { amount?: Amount };

const reversal = ({ amount, ...taken }: Taken, one: Thing, code: string): Reversal => {
  if (word(one.currency) !== code) throw notOurs('Stripe', `a ${taken.kind} in another currency`, 'currency_mismatch');
  const why = word(one.reason) || word(one.status);
  return { id: word(one.id), ...taken, amount: amount ?? amountOf(one.amount, code), why };
};

const REFUND: Record<string, Reversal['state']> = { succeeded: 'done', failed: 'undone', canceled: 'undone' };
/** One that is not through yet may wait for a balance that covers it. */
const refunded = (refund: Thing, code: string): Reversal => {
  const paid = word(refund.balance_transaction) !== '';
  return reversal({ kind: 'refund', state: REFUND[word(refund.status)] ?? (paid ? 'open' : 'undone') }, refund, code);
};

/** `prevented`: the payer got his money before it became a dispute, or never asked for it after all. */
const SETTLED = ['lost', 'prevented'];
/** What it moved on the balance tells, not its word: an inquiry (`warning_…`) takes nothing, and a word that we do not know takes nothing by itself. */
const disputed = (dispute: Thing, code: string): Reversal => {
  const moved = listOf(dispute.balance_transactions).map(objectOf);
  const isOut = ({ amount }: Thing) => word(amount).startsWith('-');
  // What is reinstated is booked beside it. Of one that was lost after a part was refunded that part comes back, and the rest is gone.
  const kept = negate(sum(moved.map((one) => amountOf(one.amount, word(one.currency)))));
  const gone = isPositive(kept) && (word(dispute.status) === 'lost' || moved.every(isOut));
  const state = !gone ? 'undone' : SETTLED.includes(word(dispute.status)) ? 'done' : 'open';
  // In a balance of another currency the rates of the entries differ: there the dispute's own amount is all there is.
  const isOurs = moved.length > 0 && moved.every(({ currency }) => word(currency) === code);
  // Also of one that was won: what they gave back of it is among the entries.
  const fee = isOurs && sum(moved.map((one) => amountOf(one.fee ?? '0', code)));
  return reversal(
    { kind: 'dispute', state, ...(isOurs && gone && { amount: kept }), ...(fee !== false && { fee }) },
    dispute,
    code,
  );
};

// Payouts: transfers to connected accounts, payouts to the own bank, refunds ------------------------------------------

const GIVEN: Record<string, PayoutState> = {
  pending: 'processing',
  in_transit: 'processing',
  requires_action: 'processing',
  paid: 'succeeded',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'cancelled',
};

export const payoutReport = (thing: Thing): PayoutReport => {
  const code = word(thing.currency);
  const back = thing.amount_reversed === undefined ? '0' : amountOf(thing.amount_reversed, code);
  // A transfer has no status: it is done when it exists, and may be reversed, also in part.
  const status = word(thing.object) !== 'transfer' ? word(thing.status) : equal(back, '0') ? 'paid' : 'reversed';
  // Both payouts and refunds may fail days after they were said to be paid; this is where the money is booked back.
  const cameBack = status === 'failed' && word(thing.failure_balance_transaction) !== '';
  const known = status === 'reversed' || cameBack ? 'returned' : GIVEN[status];
  const why = word(thing.failure_message) || word(thing.failure_reason) || word(thing.failure_code);
  const amount = status === 'reversed' ? back : amountOf(thing.amount, code);
  return {
    providerId: word(thing.id),
    state: known ?? 'processing',
    providerStatus: status,
    ...(known === undefined && { unknownWord: true }),
    processed: known === 'succeeded' || known === 'returned' ? amount : null,
    fee: null,
    currencyCode: numberOf(code),
    ...(why && { why }),
  };
};

// Books ---------------------------------------------------------------------------------------------------------------

/** By what moved the balance; fees, reserves and what else Stripe does with itself are none of ours. */
const MOVES: Record<string, ProviderMovement['kind']> = {
  charge: 'deposit',
  refund: 'refund',
  dispute: 'refund',
  transfer: 'payout',
  transfer_reversal: 'payout',
  payout: 'payout',
};

/**
 * `entry`: a balance transaction with its source. In the source's currency: the balance may be kept in another, and then what an entry moved is as much as
 * the source says. What came back counts negative.
 */
export const movementOf = (entry: Thing): ProviderMovement[] => {
  const source = objectOf(entry.source);
  const kind = MOVES[word(source.object)];
  if (!kind) return [];
  const isExact = word(entry.currency) === word(source.currency);
  const size = amountOf(isExact ? word(entry.amount).replace(/^-/, '') : source.amount, word(source.currency));
  const back = word(entry.amount).startsWith('-') === (kind === 'deposit');
  const reference = referenceOf(source);
  return [
    {
      kind,
      providerId: word(kind === 'deposit' ? source.payment_intent : source.transfer) || word(source.id),
      ...(reference && { reference }),
      amount: back ? negate(size) : size,
      currencyCode: numberOf(word(source.currency)),
      at: Number(word(entry.created)) * 1000,
    },
  ];
};
