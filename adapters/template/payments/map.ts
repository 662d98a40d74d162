import { equal, fits, isAmount, normal, type Amount } from '../../../domain/money.ts';
import { garbage, notOurs } from '../../kit/answers.ts';
import { fillInTable } from '../../kit/fill-in.ts';
import { listOf, objectOf, word } from '../../kit/json.ts';
import type {
  Arrival,
  CurrencyOfOrder,
  DepositReport,
  DepositState,
  PayoutReport,
  PayoutState,
  Reversal,
} from '../../kit/payments.ts';
import type { Thing } from '../any/client.ts';

/** What is not in these tables stays pending, with `unknownWord`. */
const DEPOSIT_WORDS: Record<string, DepositState> = fillInTable(
  "map.ts, DEPOSIT_WORDS: their status words of a payment, e.g. { NEW: 'awaiting_payer', PAID: 'succeeded', DECLINED: 'failed' }",
);
const PAYOUT_WORDS: Record<string, PayoutState> = fillInTable(
  "map.ts, PAYOUT_WORDS: their status words of payouts and refunds, e.g. { SENT: 'processing', PAID: 'succeeded' }",
);
/** ISO 4217 numbers of the currencies they take. */
const CURRENCIES: Record<string, Pick<CurrencyOfOrder, 'numericCode' | 'minorUnit'>> = {
  EUR: { numericCode: 978, minorUnit: 2 },
  USD: { numericCode: 840, minorUnit: 2 },
};

const unreadable = (field: string) => garbage({ provider: 'Acme', what: `read ${field}`, effect: 'read' });

const currencyOf = (thing: Thing) => CURRENCIES[word(thing['currency'])] ?? fail('currency');
const fail = (field: string): never => {
  throw unreadable(field);
};

/** They write major units as text ('25.00'). Minor units: `toMinor` and `fromMinor` of domain/money.ts. */
const amountIn = (thing: Thing, field: string): Amount => {
  const amount = word(thing[field]);
  return isAmount(amount) && fits(amount, currencyOf(thing).minorUnit) ? normal(amount) : fail(field);
};
export const theirAmount = (amount: Amount): string => amount;

/** Nothing may be booked, released or repeated when their object is not the order we know. */
export const mustBeOurs = (
  thing: Thing,
  order: { reference: string; amount: Amount; currency: CurrencyOfOrder },
): Thing => {
  if (word(thing['reference']) !== order.reference) throw notOurs('Acme', 'the answer is about another reference');
  if (word(thing['currency']) !== order.currency.alphabeticCode)
    throw notOurs('Acme', 'the answer is in another currency', 'currency_mismatch');
  if (!equal(amountIn(thing, 'amount'), order.amount)) throw notOurs('Acme', 'the answer is about another amount');
  return thing;
};

export const depositReport = (thing: Thing): DepositReport => {
  const providerStatus = word(thing['status']) || fail('status');
  const known = DEPOSIT_WORDS[providerStatus];
  const paid = word(thing['paidAmount']) ? amountIn(thing, 'paidAmount') : null;
  // A payment of another size is money that came, and a person has to look at it.
  const odd = known === 'succeeded' && paid !== null && !equal(paid, amountIn(thing, 'amount'));
  const state = odd ? 'review' : (known ?? 'processing');
  const why = odd ? 'another amount was paid than asked for' : undefined;
  const arrivals: Arrival[] =
    paid === null || (state !== 'succeeded' && state !== 'review')
      ? []
      : [
          {
            id: word(thing['id']),
            state,
            amount: paid,
            currencyCode: currencyOf(thing).numericCode,
            ...(why && { why }),
          },
        ];
  const reversals = listOf(thing['reversals'])
    .map(objectOf)
    .filter((one) => word(one['reference']) === '') // one with our reference is a refund we ordered, booked as such
    .map((one) => reversalOf(thing, one));
  return {
    providerId: word(thing['id']) || fail('id'),
    state,
    providerStatus,
    ...(known === undefined && { unknownWord: true }),
    action: word(thing['payUrl']) ? { kind: 'redirect', url: word(thing['payUrl']) } : { kind: 'none' },
    arrivals,
    processed: arrivals[0]?.amount ?? null,
    currencyCode: currencyOf(thing).numericCode,
    ...(reversals.length > 0 && { reversals }),
    ...(why && { why }),
  };
};

const reversalOf = (thing: Thing, one: Thing): Reversal => ({
  id: word(one['id']) || fail('reversals.id'),
  kind: word(one['kind']) === 'dispute' ? 'dispute' : 'refund',
  state: 'done',
  amount: amountIn({ ...one, currency: thing['currency'] ?? null }, 'amount'),
});

/** Of payouts and refunds. */
export const payoutReport = (thing: Thing): PayoutReport => {
  const providerStatus = word(thing['status']) || fail('status');
  const known = PAYOUT_WORDS[providerStatus];
  return {
    providerId: word(thing['id']) || fail('id'),
    state: known ?? 'processing',
    providerStatus,
    ...(known === undefined && { unknownWord: true }),
    processed: known === 'succeeded' || known === 'returned' ? amountIn(thing, 'paidAmount') : null,
    fee: null,
    currencyCode: currencyOf(thing).numericCode,
  };
};
