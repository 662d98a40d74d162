import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commissionOn } from '../../domain/commissions.ts';
import {
  add,
  compare,
  equal,
  fits,
  fixed,
  fromMinor,
  isAmount,
  negate,
  normal,
  percentOf,
  round,
  subtract,
  toMinor,
  wire,
} from '../../domain/money.ts';

const amount = fc
  .tuple(fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }), fc.integer({ min: 0, max: 12 }))
  .map(([digits, places]) => fromMinor(digits.toString(), places));

describe('exact amounts', () => {
  it('never lose a digit', () => {
    expect(add('0.1', '0.2')).toBe('0.3');
    expect(add('99999999999999999999.999999999999999999', '0.000000000000000001')).toBe('100000000000000000000');
    expect(wire('1.5')).toBe('1.500000000000000000');
  });

  it.each(['', '1e5', '.5', '5.', '+1', '0x10', '1,5', 'NaN', ' 1', '1.0000000000000000001'])('refuse %p', (text) => {
    expect(isAmount(text)).toBe(false);
    expect(() => add(text, '1')).toThrow();
  });

  it('add and subtract back to where they began', () => {
    fc.assert(fc.property(amount, amount, (a, b) => equal(subtract(add(a, b), b), a)));
  });

  it('compare as their difference says', () => {
    fc.assert(fc.property(amount, amount, (a, b) => compare(a, b) === -compare(b, a) || compare(a, b) === 0));
    expect(compare('-1', '1')).toBe(-1);
  });

  it('survive the way through minor units', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n - 1n), max: 10n ** 20n - 1n }),
        fc.integer({ min: 0, max: 18 }),
        (digits, exponent) => toMinor(fromMinor(digits.toString(), exponent), exponent) === digits.toString(),
      ),
    );
    expect(() => toMinor('1.005', 2)).toThrow('more than 2 decimals');
  });

  it.each([
    ['1.005', 2, 'down', '1'],
    ['1.005', 2, 'up', '1.01'],
    ['1.005', 2, 'nearest', '1.01'],
    ['-1.005', 2, 'down', '-1'],
    ['-1.005', 2, 'up', '-1.01'],
    ['-1.004', 2, 'nearest', '-1'],
    ['7', 0, 'up', '7'],
  ] as const)('round %s to %i places %s: %s', (value, places, direction, expected) => {
    expect(normal(round(value, places, direction))).toBe(normal(expected));
  });

  it('rounding up and down differ by less than one unit and enclose the value', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 11 }), (value, places) => {
        const [low, high] = [round(value, places, 'down'), round(value, places, 'up')];
        const outward = compare(value, '0') < 0 ? compare(high, value) <= 0 : compare(high, value) >= 0;
        return (
          outward &&
          fits(low, places) &&
          fits(high, places) &&
          compare(subtract(high, low).replace('-', ''), fromMinor('1', places)) <= 0
        );
      }),
    );
  });

  it('show a fixed number of decimals or refuse', () => {
    expect(fixed('5', 2)).toBe('5.00');
    expect(() => fixed('5.001', 2)).toThrow();
    expect(negate('0')).toBe('0');
  });
});

describe('a commission', () => {
  const rule = { percent: '1.5', fix: '0.30', min: '1', max: '50' };
  it.each([
    ['10', '1'],
    ['100', '1.8'],
    ['10000', '50'],
    ['100.01', '1.81'],
  ])('on %s is %s: fix and percent, between min and max, rounded up', (of, expected) => {
    expect(commissionOn(of, rule, 2)).toBe(expected);
  });
  it('is nothing without a rule', () => expect(commissionOn('100', undefined, 2)).toBe('0'));
  it('takes percents exactly', () => expect(percentOf('0.000000000000000100', '50')).toBe('0.00000000000000005'));
});
