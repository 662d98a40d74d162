/**
 * Exact decimals. An amount is a decimal string in major units of its currency ('25.00', '0.00000001'); inside this file
 * it is a bigint of 10^-18 units, the scale of the ledger's numeric(38,18). Nothing here ever becomes a float.
 */
import { HubFailure } from './failures.ts';

/** Decimal string in major units, e.g. '25.5'. */
export type Amount = string;

const SCALE = 18;
const TENS = Array.from({ length: SCALE + 1 }, (_, n) => 10n ** BigInt(n));
/** 10^n, n from 0 to the scale. */
const tenTo = (n: number): bigint => TENS[n]!;
const ONE = tenTo(SCALE);
const PLAIN = /^-?\d{1,20}(?:\.\d{1,18})?$/;

/** How to drop digits that do not fit: towards zero, away from zero, or to the nearest (half away from zero). */
export type Rounding = 'down' | 'up' | 'nearest';

const units = (amount: Amount): bigint => {
  if (amount === '0') return 0n; // what most fees are
  if (!PLAIN.test(amount))
    throw new HubFailure('InvalidInput', 'validation', `'${amount.slice(0, 40)}' is not a decimal amount`);
  const point = amount.indexOf('.');
  if (point < 0) return BigInt(amount) * ONE;
  return BigInt(amount.slice(0, point) + amount.slice(point + 1).padEnd(SCALE, '0'));
};

const text = (value: bigint, places: number | 'shortest'): Amount => {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(SCALE + 1, '0');
  const whole = digits.slice(0, -SCALE);
  const fraction = digits.slice(-SCALE);
  const kept = places === 'shortest' ? fraction.replace(/0+$/, '') : fraction.slice(0, places);
  return sign + whole + (kept ? `.${kept}` : '');
};

export const isAmount = (value: string): boolean => PLAIN.test(value);

/** Shortest form: '25.500' → '25.5', '-0' → '0'. */
export const normal = (amount: Amount): Amount => text(units(amount), 'shortest');

/** The wire form of B2Core: 18 places. */
export const wire = (amount: Amount): Amount => text(units(amount), SCALE);

/** As `wire`, of what may not be known. */
export const wireOrNull = (amount: Amount | null | undefined): Amount | null =>
  amount === null || amount === undefined ? null : wire(amount);

/** With exactly `places` decimals; refuses an amount that has more. */
export const fixed = (amount: Amount, places: number): Amount => {
  if (!fits(amount, places)) {
    throw new HubFailure('InvalidInput', 'too_many_decimals', `${amount} has more than ${places} decimals`);
  }
  return text(units(amount), places);
};

export const add = (a: Amount, b: Amount): Amount => text(units(a) + units(b), 'shortest');
export const subtract = (a: Amount, b: Amount): Amount => text(units(a) - units(b), 'shortest');
export const negate = (a: Amount): Amount => text(-units(a), 'shortest');
export const sum = (amounts: readonly Amount[]): Amount => amounts.reduce(add, '0');

/** −1, 0 or 1. */
export const compare = (a: Amount, b: Amount): -1 | 0 | 1 => {
  const difference = units(a) - units(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};
/** The smaller of two. */
export const least = (a: Amount, b: Amount): Amount => (compare(a, b) <= 0 ? a : b);
/** Zero when it would be less: what is left of something that more was taken of than it was. */
export const atLeastZero = (a: Amount): Amount => (compare(a, '0') > 0 ? a : '0');
export const equal = (a: Amount, b: Amount): boolean => compare(a, b) === 0;
export const isZero = (a: Amount): boolean => units(a) === 0n;
export const isPositive = (a: Amount): boolean => units(a) > 0n;

/** True when `amount` needs no more than `minorUnit` decimals. */
export const fits = (amount: Amount, minorUnit: number): boolean => units(amount) % tenTo(SCALE - minorUnit) === 0n;

/** n / d as a whole number; the rest is dropped in the named direction. */
const quotient = (n: bigint, d: bigint, rounding: Rounding): bigint => {
  const [whole, rest] = [n / d, n % d];
  if (rest === 0n || rounding === 'down') return whole;
  const away = whole + (n < 0n === d < 0n ? 1n : -1n);
  const size = (value: bigint) => (value < 0n ? -value : value);
  return rounding === 'up' || size(rest) * 2n >= size(d) ? away : whole;
};

/** Drops digits below `places` in the named direction. */
export const round = (amount: Amount, places: number, rounding: Rounding): Amount => {
  const step = tenTo(SCALE - places);
  return text(quotient(units(amount), step, rounding) * step, 'shortest');
};

/** a × b, exact, then rounded once. */
export const multiply = (a: Amount, b: Amount, places: number, rounding: Rounding): Amount => {
  const step = tenTo(SCALE - places);
  return text(quotient(units(a) * units(b), step * ONE, rounding) * step, 'shortest');
};

/** a / b, rounded once. */
export const divide = (a: Amount, b: Amount, places: number, rounding: Rounding): Amount => {
  const step = tenTo(SCALE - places);
  return text(quotient(units(a) * ONE, units(b) * step, rounding) * step, 'shortest');
};

/** `percent` of `amount` ('1.5' = 1.5 %), kept to 18 places, rounded down. */
export const percentOf = (amount: Amount, percent: Amount): Amount =>
  text((units(amount) * units(percent)) / (ONE * 100n), 'shortest');

/** Integer minor units ('2550' for 25.50 with exponent 2), as many providers want them. */
export const toMinor = (amount: Amount, exponent: number): string => {
  if (!fits(amount, exponent)) {
    throw new HubFailure('InvalidInput', 'too_many_decimals', `${amount} has more than ${exponent} decimals`);
  }
  return (units(amount) / tenTo(SCALE - exponent)).toString();
};

export const fromMinor = (minor: string, exponent: number): Amount =>
  text(BigInt(minor) * tenTo(SCALE - exponent), 'shortest');
