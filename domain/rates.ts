/**
 * Exchange rates: which source is believed, when a quote is too old or too odd, and what a client gets. Currencies are numeric codes, rates and
 * amounts exact decimals, times milliseconds. A rate says what one unit of `from` costs in `to`.
 */
import { HubFailure } from './failures.ts';
import { add, type Amount, compare, divide, isAmount, isPositive, least, multiply, subtract } from './money.ts';

/** How long what a client was told stands. What he pays later is settled at the rate of then. */
export const QUOTE_MS = 15 * 60_000;

/** Digits of a rate: those of the ledger. */
const PLACES = 18;

/** What the market pays for one `from` (bid) and wants for it (ask), in `to`. */
export interface Price {
  bid: Amount;
  ask: Amount;
}

/** What a source says of a pair and is believed. */
export interface Quote extends Price {
  from: number;
  to: number;
  sourceTime: number;
  /** Not used from then on. */
  expiresAt: number;
  /** It jumped, and nobody confirmed that yet. */
  held: boolean;
}

export interface Source {
  name: string;
  /** Two of its pairs may be crossed through this currency. */
  cross: number | null;
  quotes: readonly Quote[];
}

export interface Rate extends Price {
  source: string;
  /** Of the oldest quote it is made of. */
  sourceTime: number;
  expiresAt: number;
}

/** Why there is none: nobody quotes the pair, or only quotes that are too old, or that jumped. */
export type Missing = 'unknown' | 'stale' | 'held';

/** Seen from the other side. Rounded away from the middle, so that nobody gains by turning a rate round. */
export const inverse = ({ bid, ask }: Price): Price => ({
  bid: divide('1', ask, PLACES, 'down'),
  ask: divide('1', bid, PLACES, 'up'),
});

/** `from` → middle → `to`. */
export const crossed = (first: Price, second: Price): Price => ({
  bid: multiply(first.bid, second.bid, PLACES, 'down'),
  ask: multiply(first.ask, second.ask, PLACES, 'up'),
});

export const middle = ({ bid, ask }: Price): Amount => divide(add(bid, ask), '2', PLACES, 'nearest');

/** A price one can work with: above zero, the right way round. */
export const isSound = ({ bid, ask }: Price): boolean =>
  isAmount(bid) && isAmount(ask) && isPositive(bid) && compare(bid, ask) <= 0;

/** The sources stand in order of priority; the first that has a usable rate serves. Rates of different sources are never mixed. */
export const chooseRate = (sources: readonly Source[], from: number, to: number, now: number): Rate | Missing => {
  let missing: Missing = 'unknown';
  for (const source of sources) {
    const found = rateOf(source, from, to, now);
    if (typeof found !== 'string') return found;
    if (found !== 'unknown' && missing !== 'held') missing = found;
  }
  return missing;
};

const rateOf = (source: Source, from: number, to: number, now: number): Rate | Missing => {
  const straight = oneLeg(source, from, to, now);
  if (typeof straight !== 'string' || source.cross === null || source.cross === from || source.cross === to)
    return straight;
  const [first, second] = [oneLeg(source, from, source.cross, now), oneLeg(source, source.cross, to, now)];
  // A straight quote that jumped is not passed by on a side road.
  if (straight !== 'unknown') return straight;
  if (typeof first === 'string') return first;
  if (typeof second === 'string') return second;
  const price = crossed(first, second);
  // The digits of a rate do not reach so far.
  if (!isSound(price)) return 'unknown';
  return {
    ...price,
    source: source.name,
    sourceTime: Math.min(first.sourceTime, second.sourceTime),
    expiresAt: Math.min(first.expiresAt, second.expiresAt),
  };
};

/** As quoted, else as quoted the other way round. Who quotes both ways gives on neither more than the other way takes: nobody gains by going there and back. */
const oneLeg = ({ name, quotes }: Source, from: number, to: number, now: number): Rate | Missing => {
  let missing: Missing = 'unknown';
  for (const turned of [false, true]) {
    const [left, right] = turned ? [to, from] : [from, to];
    const quote = quotes.find((one) => one.from === left && one.to === right);
    if (!quote) continue;
    if (quote.held) return 'held';
    if (quote.expiresAt <= now) {
      missing = 'stale';
      continue;
    }
    const price = turned ? inverse(quote) : withinReturn(quote, quotes, now);
    if (isSound(price)) return { ...price, source: name, sourceTime: quote.sourceTime, expiresAt: quote.expiresAt };
  }
  return missing;
};

const withinReturn = ({ from, to, bid, ask }: Quote, quotes: readonly Quote[], now: number): Price => {
  const back = quotes.find((one) => one.from === to && one.to === from);
  if (!back || back.held || back.expiresAt <= now || !isSound(back)) return { bid, ask };
  return { bid: least(bid, inverse(back).bid), ask };
};

export interface Jump {
  price: Price;
  /** When the source first said so, and when we first heard it. */
  sourceTime: number;
  since: number;
}

/** What a new quote is judged by. */
export interface Beliefs {
  /** The last one of this source that was believed, however old. */
  last: Price | null;
  /** A jump that waits to be confirmed. */
  held: Jump | null;
  /** What other sources say now. */
  others: readonly Price[];
  /** A larger change is a jump. Percent. */
  outlierPercent: Amount;
  /** A source that still says so after this long is believed. */
  confirmAfter: number;
}

export type Verdict =
  | { is: 'accepted'; why: 'first' | 'near the last' | 'another source agrees' | 'repeated' }
  | { is: 'held'; since: number };

/** Believed is what is near the last rate, near another source's, or said again (not only shown again) after a while; the very first one too. */
export const judge = (quote: Price & { sourceTime: number }, beliefs: Beliefs, now: number): Verdict => {
  const { last, held, others, outlierPercent, confirmAfter } = beliefs;
  const near = (other: Price) => isNear(quote, other, outlierPercent);
  if (last && near(last)) return { is: 'accepted', why: 'near the last' };
  if (others.some(near)) return { is: 'accepted', why: 'another source agrees' };
  if (!last && !held && others.length === 0) return { is: 'accepted', why: 'first' };
  if (!held || !near(held.price)) return { is: 'held', since: now };
  if (now - held.since >= confirmAfter && quote.sourceTime > held.sourceTime)
    return { is: 'accepted', why: 'repeated' };
  return { is: 'held', since: held.since };
};

/** No further apart than `percent` of the smaller: the same from both sides. */
export const isNear = (a: Price, b: Price, percent: Amount): boolean => {
  const [one, other] = [middle(a), middle(b)];
  const [low, high] = compare(one, other) <= 0 ? [one, other] : [other, one];
  return compare(multiply(subtract(high, low), '100', PLACES, 'up'), multiply(low, percent, PLACES, 'down')) <= 0;
};

/** Percent. `sell`: off what a client gets for `from`; `buy`: on what he pays for `to`, where the pair is kept the other way round. */
export type Markup = { sell: Amount } | { buy: Amount };

/** What a client gets in `to` for one `from`: the bid less the markup, rounded down. */
export const clientRate = ({ bid }: Price, markup: Markup | null): Amount => {
  if (!markup) return bid;
  return 'sell' in markup
    ? multiply(bid, divide(subtract('100', markup.sell), '100', PLACES, 'down'), PLACES, 'down')
    : divide(bid, divide(add('100', markup.buy), '100', PLACES, 'up'), PLACES, 'down');
};

/** `amount` at this rate, rounded down to what the currency has: in favour of whoever pays it out. Throws `amount_too_big`. */
export const convert = (amount: Amount, rate: Amount, minorUnit: number): Amount => {
  const result = multiply(amount, rate, minorUnit, 'down');
  if (!isAmount(result))
    throw new HubFailure('Rejected', 'amount_too_big', 'The amount is too large to be changed.', { field: 'amount' });
  return result;
};

/** What a client is charged for `paid`, in the currency he pays with: all of `most` when that is what `most` makes, else rounded up. */
export const chargeFor = (
  paid: Amount,
  { most, rate, minorUnit, paidMinorUnit }: { most: Amount; rate: Amount; minorUnit: number; paidMinorUnit: number },
): Amount =>
  compare(paid, convert(most, rate, paidMinorUnit)) >= 0 ? most : least(most, divide(paid, rate, minorUnit, 'up'));
