import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compare, divide, fits, fromMinor, multiply, round, subtract } from '../../domain/money.ts';
import {
  chargeFor,
  chooseRate,
  clientRate,
  convert,
  crossed,
  inverse,
  isNear,
  isSound,
  judge,
  type Price,
  type Quote,
  type Source,
} from '../../domain/rates.ts';

const NOW = 1_800_000_000_000;
const [EUR, USD, GBP, BTC] = [978, 840, 826, 1000];

/** From 0.000001 to ten million: what pairs of money cost. */
const rate = fc.bigInt({ min: 10n ** 12n, max: 10n ** 25n }).map((digits) => fromMinor(digits.toString(), 18));
const price: fc.Arbitrary<Price> = fc
  .tuple(rate, fc.integer({ min: 0, max: 500 }))
  .map(([bid, spread]) => ({ bid, ask: multiply(bid, fromMinor(String(10_000 + spread), 4), 18, 'up') }));
const amount = fc.bigInt({ min: 1n, max: 10n ** 10n }).map((digits) => fromMinor(digits.toString(), 2));
const percent = fc.integer({ min: 0, max: 9_999 }).map((digits) => fromMinor(String(digits), 2));

const quote = (from: number, to: number, bid: string, over: Partial<Quote> = {}): Quote => ({
  from,
  to,
  bid,
  ask: bid,
  sourceTime: NOW - 1_000,
  expiresAt: NOW + 1_000,
  held: false,
  ...over,
});
const source = (name: string, quotes: Quote[], cross: number | null = null): Source => ({ name, cross, quotes });

describe('a rate', () => {
  it('turned round or crossed stays the right way round, and loses a hair at most', () => {
    fc.assert(
      fc.property(price, price, (one, other) => {
        for (const made of [inverse(one), inverse(inverse(one)), crossed(one, other)]) expect(isSound(made)).toBe(true);
        const back = inverse(inverse(one));
        expect(compare(back.bid, one.bid)).toBeLessThanOrEqual(0);
        expect(compare(back.ask, one.ask)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('never makes money out of going there and back', () => {
    fc.assert(
      fc.property(price, amount, percent, percent, (market, paid, sell, buy) => {
        const there = convert(paid, clientRate(market, { sell }), 8);
        const back = convert(there, clientRate(inverse(market), { buy }), 2);
        expect(compare(back, paid)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('with markup is never better than the market, and both ways of keeping a pair are honoured', () => {
    fc.assert(
      fc.property(price, percent, (market, markup) => {
        expect(compare(clientRate(market, { sell: markup }), market.bid)).toBeLessThanOrEqual(0);
        expect(compare(clientRate(market, { buy: markup }), market.bid)).toBeLessThanOrEqual(0);
      }),
    );
    expect(clientRate({ bid: '1.2', ask: '1.3' }, { sell: '1' })).toBe('1.188');
    // Kept as USD/EUR: whoever has euros buys dollars at the ask, 1 / 1.25 = 0.8 euros, and 25 percent more.
    expect(clientRate({ bid: '1.25', ask: '1.25' }, { buy: '25' })).toBe('1');
    expect(clientRate({ bid: '1.25', ask: '1.26' }, null)).toBe('1.25');
  });

  it('changes amounts down to what the currency has, and never by more than its last digit', () => {
    fc.assert(
      fc.property(amount, rate, fc.integer({ min: 0, max: 18 }), (paid, at, minorUnit) => {
        fc.pre(compare(multiply(paid, at, 0, 'up'), '99999999999999999999') < 0);
        const got = convert(paid, at, minorUnit);
        const exact = multiply(paid, at, 18, 'down');
        expect(fits(got, minorUnit)).toBe(true);
        expect(compare(got, exact)).toBeLessThanOrEqual(0);
        expect(compare(subtract(exact, got), fromMinor('1', minorUnit))).toBeLessThan(minorUnit === 18 ? 1 : 0);
      }),
    );
    expect(convert('100.00', '1.15426', 2)).toBe('115.42');
    expect(convert('0.01', '0.4', 2)).toBe('0');
    expect(() => convert('99999999999999999999', '2', 2)).toThrow('too large');
  });

  it('is multiplied and divided exactly, then rounded once', () => {
    expect(multiply('0.1', '0.2', 18, 'down')).toBe('0.02');
    expect(divide('1', '3', 4, 'down')).toBe('0.3333');
    expect(divide('1', '3', 4, 'up')).toBe('0.3334');
    expect(divide('2', '3', 2, 'nearest')).toBe('0.67');
    expect(divide('-1', '3', 2, 'up')).toBe('-0.34');
    fc.assert(
      fc.property(amount, (one) => {
        expect(multiply(one, '1', 2, 'down')).toBe(round(one, 2, 'down'));
        expect(divide(one, '1', 1, 'nearest')).toBe(round(one, 1, 'nearest'));
      }),
    );
  });
});

describe('what a payout is charged', () => {
  it('is all of it when all was paid, else never less than it is worth and never more than was ordered', () => {
    fc.assert(
      fc.property(amount, rate, amount, (most, at, part) => {
        fc.pre(compare(multiply(most, at, 0, 'up'), '9999999999999') < 0);
        const terms = { most, rate: at, minorUnit: 2, paidMinorUnit: 6 };
        const whole = convert(most, at, 6);
        expect(chargeFor(whole, terms)).toBe(most);
        const paid = compare(part, whole) < 0 ? part : whole;
        const charge = chargeFor(paid, terms);
        expect(compare(charge, most)).toBeLessThanOrEqual(0);
        expect(compare(convert(charge, at, 6), paid)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('choosing', () => {
  const first = source('first', [quote(EUR, USD, '1.1')]);
  const second = source('second', [quote(EUR, USD, '1.2'), quote(GBP, USD, '1.3'), quote(BTC, USD, '90000')], USD);

  it('takes the first source that has the pair, fresh', () => {
    expect(chooseRate([first, second], EUR, USD, NOW)).toMatchObject({ bid: '1.1', source: 'first' });
    expect(chooseRate([second, first], EUR, USD, NOW)).toMatchObject({ bid: '1.2', source: 'second' });
    expect(chooseRate([first, second], GBP, USD, NOW)).toMatchObject({ bid: '1.3', source: 'second' });
  });

  it('never makes money out of going there and back, also with a source that contradicts itself', () => {
    fc.assert(
      fc.property(price, price, (there, back) => {
        const odd = [source('odd', [quote(EUR, USD, there.bid, there), quote(USD, EUR, back.bid, back)])];
        const [out, home] = [chooseRate(odd, EUR, USD, NOW), chooseRate(odd, USD, EUR, NOW)];
        if (typeof out === 'string' || typeof home === 'string') return;
        expect(compare(multiply(out.bid, home.bid, 18, 'up'), '1')).toBeLessThanOrEqual(0);
      }),
      {
        examples: [
          [
            { bid: '1.2', ask: '1.2' },
            { bid: '0.87', ask: '0.87' },
          ],
        ],
      },
    );
  });

  it('turns pairs round', () => {
    expect(chooseRate([source('one', [quote(EUR, USD, '1.25')])], USD, EUR, NOW)).toMatchObject({ bid: '0.8' });
  });

  it('crosses through the one currency of the source, never through another or with another source', () => {
    expect(chooseRate([second], GBP, EUR, NOW)).toMatchObject({ bid: '1.083333333333333332', source: 'second' });
    expect(chooseRate([source('none', [...second.quotes])], GBP, EUR, NOW)).toBe('unknown');
    expect(chooseRate([first, source('other', [quote(GBP, USD, '1.3')], USD)], GBP, EUR, NOW)).toBe('unknown');
  });

  it('is as old as the oldest quote it is made of', () => {
    const mixed = source(
      'mixed',
      [quote(EUR, USD, '1.1', { sourceTime: 5, expiresAt: NOW + 9 }), quote(GBP, USD, '1.3')],
      USD,
    );
    expect(chooseRate([mixed], GBP, EUR, NOW)).toMatchObject({ sourceTime: 5, expiresAt: NOW + 9 });
  });

  it('lets the next one serve when a source is silent too long or has jumped, and says why nobody can', () => {
    const stale = source('stale', [quote(EUR, USD, '1', { expiresAt: NOW })]);
    const held = source('held', [quote(EUR, USD, '1', { held: true })]);
    expect(chooseRate([stale, held, second], EUR, USD, NOW)).toMatchObject({ source: 'second' });
    expect(chooseRate([stale], EUR, USD, NOW)).toBe('stale');
    expect(chooseRate([held, stale], EUR, USD, NOW)).toBe('held');
    expect(chooseRate([], EUR, USD, NOW)).toBe('unknown');
  });

  it('does not reach a pair that jumped by a detour', () => {
    const odd = source(
      'odd',
      [quote(EUR, GBP, '9', { held: true }), quote(EUR, USD, '1.1'), quote(GBP, USD, '1.3')],
      USD,
    );
    expect(chooseRate([odd], EUR, GBP, NOW)).toBe('held');
    const half = source('half', [quote(EUR, USD, '1.1', { held: true }), quote(GBP, USD, '1.3')], USD);
    expect(chooseRate([half], EUR, GBP, NOW)).toBe('held');
  });

  it('never answers a rate that is stale or held, whatever the sources say', () => {
    const any = fc.record({
      from: fc.constantFrom(EUR, USD, GBP),
      to: fc.constantFrom(EUR, USD, GBP),
      price,
      life: fc.integer({ min: -5, max: 5 }),
      held: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(any, { maxLength: 6 }), { maxLength: 3 }), (all) => {
        const sources = all.map((quotes, n) =>
          source(
            String(n),
            quotes.map((one) => ({
              ...quote(one.from, one.to, '1'),
              ...one.price,
              expiresAt: NOW + one.life,
              held: one.held,
            })),
            USD,
          ),
        );
        const chosen = chooseRate(sources, EUR, GBP, NOW);
        if (typeof chosen === 'string') return;
        expect(chosen.expiresAt).toBeGreaterThan(NOW);
        expect(isSound(chosen)).toBe(true);
        const usable = sources[Number(chosen.source)]!.quotes.filter(({ held, expiresAt }) => !held && expiresAt > NOW);
        expect(usable.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('judging a new quote', () => {
  const at = (bid: string): Price => ({ bid, ask: bid });
  const rules = { outlierPercent: '5', confirmAfter: 60_000 };
  const nothing = { last: null, held: null, others: [], ...rules };
  const said = (bid: string, sourceTime = NOW) => ({ ...at(bid), sourceTime });
  const jumped = { price: at('120'), sourceTime: NOW - 60_000, since: NOW - 60_000 };

  it('believes the first one, and small changes', () => {
    expect(judge(said('100'), nothing, NOW)).toMatchObject({ is: 'accepted', why: 'first' });
    expect(judge(said('105'), { ...nothing, last: at('100') }, NOW)).toMatchObject({ is: 'accepted' });
    expect(judge(said('100'), { ...nothing, last: at('105') }, NOW)).toMatchObject({ is: 'accepted' });
  });

  it('holds a jump back until another source says so too', () => {
    expect(judge(said('105.01'), { ...nothing, last: at('100') }, NOW)).toEqual({ is: 'held', since: NOW });
    expect(judge(said('120'), { ...nothing, last: at('100'), others: [at('100')] }, NOW)).toMatchObject({ is: 'held' });
    expect(judge(said('120'), { ...nothing, last: at('100'), others: [at('118')] }, NOW)).toMatchObject({
      why: 'another source agrees',
    });
  });

  it('holds even the first one back when all others say something else', () => {
    expect(judge(said('1200'), { ...nothing, others: [at('120')] }, NOW)).toMatchObject({ is: 'held' });
  });

  it('believes a jump that is said again after a while; what is only shown again is not said again', () => {
    const beliefs = { ...nothing, last: at('100'), held: jumped };
    expect(judge(said('121'), beliefs, NOW)).toMatchObject({ is: 'accepted', why: 'repeated' });
    expect(judge(said('121'), beliefs, NOW - 1)).toEqual({ is: 'held', since: jumped.since });
    expect(judge(said('120', jumped.sourceTime), beliefs, NOW)).toEqual({ is: 'held', since: jumped.since });
    expect(judge(said('150'), beliefs, NOW)).toEqual({ is: 'held', since: NOW });
    expect(judge(said('101'), beliefs, NOW)).toMatchObject({ is: 'accepted', why: 'near the last' });
  });

  it('judges a pair and its inverse alike', () => {
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 400 }), (one, factor) => {
        fc.pre(factor % 5 !== 0); // not on the very edge, where the last digit decides
        const other = multiply(one, fromMinor(String(1_000 + factor), 3), 18, 'nearest');
        const turned = (value: string) => at(divide('1', value, 18, 'nearest'));
        fc.pre(compare(one, '100000') < 0);
        expect(isNear(at(one), at(other), '5')).toBe(factor < 50);
        expect(isNear(turned(one), turned(other), '5')).toBe(factor < 50);
      }),
    );
  });
});
