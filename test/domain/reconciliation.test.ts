import { describe, expect, it } from '@jest/globals';
import { subjectKey, subjectOf, type Subject } from '../../db/repositories/book-pairs.ts';
import { judge, offBy, type Pair, reconciliationId } from '../../domain/reconciliation.ts';

const ours = (booked: string, more: Partial<NonNullable<Pair['ours']>> = {}): Pair['ours'] => ({
  booked,
  currency: 840,
  minorUnit: 2,
  isOver: true,
  isAsked: false,
  isLate: false,
  isCovered: true,
  ...more,
});
const theirs = (amount: string, currency = 840): Pair['theirs'] => ({ amount, currency });
const open = { isOver: false };

describe('two books', () => {
  it.each<[string, Pair['theirs'], Pair['ours'], ReturnType<typeof judge>]>([
    ['agree', theirs('25'), ours('25.00'), null],
    ['agree when theirs counts finer than ours and we rounded down', theirs('25.009'), ours('25'), null],
    ['agree when theirs counts finer than ours and we rounded up', theirs('24.991'), ours('25'), null],
    ['differ by one cent', theirs('25.01'), ours('25'), 'other_amount'],
    ['differ in sign', theirs('-25'), ours('25'), 'other_amount'],
    ['differ in currency', theirs('25', 978), ours('25'), 'other_currency'],
    ['differ when it was done there and failed here', theirs('25'), ours('0'), 'not_done_here'],
    ['agree when it went out and came back', theirs('0'), ours('0'), null],
    ['differ when it is done here and not there', null, ours('25'), 'missing_there'],
    ['agree when neither moved', null, ours('0'), null],
    ['tell nothing while a run is open', theirs('25'), ours('0', open), 'not_yet'],
    ['differ when a run is open for too long', theirs('25'), ours('0', { ...open, isLate: true }), 'not_done_here'],
    [
      'tell nothing while a person is asked',
      theirs('25'),
      ours('0', { ...open, isLate: true, isAsked: true }),
      'not_yet',
    ],
    ['tell nothing about what began before theirs was read', null, ours('25', { isCovered: false }), 'not_yet'],
  ])('%s', (_, there, here, verdict) => {
    expect(judge({ theirs: there, ours: here, reference: 'KAAAAAAAAAAAA' })).toBe(verdict);
  });

  it('differ when ours knows nothing: by a reference that looks like ours, or without one', () => {
    expect(judge({ theirs: theirs('5'), ours: null, reference: 'KAAAAAAAAAAAA' })).toBe('unknown_reference');
    expect(judge({ theirs: theirs('5'), ours: null, reference: 'bonus' })).toBe('missing_here');
    expect(judge({ theirs: theirs('5'), ours: null, reference: null })).toBe('missing_here');
    expect(judge({ theirs: theirs('0'), ours: null, reference: null })).toBeNull();
  });

  it('are off by theirs less ours, unless the currencies differ', () => {
    expect(offBy({ theirs: theirs('5'), ours: ours('7.5') })).toBe('-2.5');
    expect(offBy({ theirs: null, ours: ours('7.5') })).toBe('-7.5');
    expect(offBy({ theirs: theirs('5'), ours: null })).toBe('5');
    expect(offBy({ theirs: theirs('5', 978), ours: ours('5') })).toBeNull();
  });
});

describe('what differs', () => {
  it.each<Subject>([
    { of: 'transaction', transactionId: 12, accountId: null },
    { of: 'transaction', transactionId: 12, accountId: 5 },
    { of: 'reversal', reversalId: 3 },
    { of: 'movement', kind: 'deposit', providerId: 'pi:1:x', accountId: null },
    { of: 'movement', kind: 'operation', providerId: '880001', accountId: 5 },
    { of: 'account', accountId: 5 },
  ])('is named so that it is found again: %j', (subject) => {
    expect(subjectOf(subjectKey(subject))).toEqual(subject);
  });

  it('belongs to a window that names its run', () => {
    expect(reconciliationId(7, new Date('2026-01-31T00:00:00Z'), new Date('2026-02-01T00:00:00Z'))).toBe(
      'reconciliation:7:20260131T000000Z-20260201T000000Z',
    );
  });
});
