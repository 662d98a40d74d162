import { describe, expect, it } from '@jest/globals';
import {
  type CaseDates,
  daysUntil,
  mayBeginAnew,
  mayRenew,
  nextDate,
  nextLook,
  remindersBehind,
} from '../../domain/kyc-dates.ts';

const at = (text: string) => new Date(`${text}Z`);
const turn: CaseDates = {
  state: 'open',
  clientSince: at('2026-03-01T12:00'),
  validUntil: null,
  reminders: 0,
  hasLevel: false,
  begun: false,
  remindAfterDays: [10, 3],
  remindBeforeDays: [1, 30, 7],
  deadlineDays: 14,
};
const approved: CaseDates = { ...turn, state: 'approved', clientSince: null, hasLevel: true, validUntil: '2026-06-30' };

describe("a client's turn", () => {
  it('has reminders in the order of days, and then its deadline', () => {
    const now = at('2026-03-01T13:00');
    expect(nextDate(turn, now)).toEqual({ what: 'reminder', at: at('2026-03-04T12:00') });
    expect(nextDate({ ...turn, reminders: 1 }, now)).toEqual({ what: 'reminder', at: at('2026-03-11T12:00') });
    expect(nextDate({ ...turn, reminders: 2 }, now)).toEqual({ what: 'deadline', at: at('2026-03-15T12:00') });
    expect(nextDate({ ...turn, remindAfterDays: [], deadlineDays: null }, now)).toBeNull();
  });

  it('is closed rather than reminded when both are due, and never reminded after its deadline', () => {
    expect(nextDate(turn, at('2026-04-01T00:00'))?.what).toBe('deadline');
    expect(nextDate({ ...turn, remindAfterDays: [20] }, at('2026-03-02T00:00'))?.what).toBe('deadline');
  });

  it('is looked into ever more seldom where a provider could know more', () => {
    const silent: CaseDates = { ...turn, begun: true, remindAfterDays: [], deadlineDays: null };
    const days = (now: Date) => (nextDate(silent, now)!.at.getTime() - now.getTime()) / 86_400_000;
    expect([days(at('2026-03-01T12:00')), days(at('2026-03-21T12:00')), days(at('2027-03-01T12:00'))]).toEqual([
      1, 10, 30,
    ]);
  });

  it('does not make up for reminders that were slept through', () => {
    expect(remindersBehind(turn, at('2026-03-12T00:00'))).toBe(2);
    expect(remindersBehind(turn, at('2026-03-05T00:00'))).toBe(1);
    expect(remindersBehind(turn, at('2026-03-01T12:00'))).toBe(0);
  });
});

describe('what was approved', () => {
  it('is warned of from the longest notice to the shortest, and ends with its last day', () => {
    const now = at('2026-05-01T00:00');
    expect(nextDate(approved, now)).toEqual({ what: 'warning', at: at('2026-05-31T00:00') });
    expect(nextDate({ ...approved, reminders: 2 }, now)).toEqual({ what: 'warning', at: at('2026-06-29T00:00') });
    expect(nextDate({ ...approved, reminders: 3 }, now)).toEqual({ what: 'end', at: at('2026-07-01T00:00') });
    expect(nextDate(approved, at('2026-07-02T00:00'))?.what).toBe('end');
  });

  it('that ends soon already is not warned of three times at once', () => {
    expect(remindersBehind(approved, at('2026-06-25T00:00'))).toBe(2);
    expect(daysUntil('2026-06-30', at('2026-06-25T00:00'))).toBe(5);
    expect(daysUntil('2026-06-30', at('2026-06-30T18:00'))).toBe(0);
  });

  it('ends also while new documents are awaited, but not while they are being checked', () => {
    const late = at('2026-07-02T00:00');
    expect(nextDate({ ...approved, state: 'retry' }, late)?.what).toBe('end');
    expect(nextDate({ ...approved, state: 'checking' }, late)).toEqual({ what: 'end', at: at('2026-07-03T00:00') });
    expect(nextDate({ ...approved, hasLevel: false }, late)).toBeNull();
  });

  it('may be renewed within the longest notice, and when it has ended or was taken back', () => {
    expect(mayRenew(approved, at('2026-05-30T00:00'))).toBe(false);
    expect(mayRenew(approved, at('2026-05-31T00:00'))).toBe(true);
    expect(mayRenew({ ...approved, remindBeforeDays: [] }, at('2026-05-31T00:00'))).toBe(true);
    expect(mayRenew({ ...approved, validUntil: null }, at('2026-05-31T00:00'))).toBe(false);
    expect(mayRenew({ ...approved, state: 'retry' }, at('2026-06-01T00:00'))).toBe(true);
    expect(mayRenew({ ...approved, state: 'expired' }, at('2026-06-01T00:00'))).toBe(true);
    expect(mayRenew({ ...approved, state: 'rejected' }, at('2026-06-01T00:00'))).toBe(false);
    expect(mayBeginAnew({ ...approved, state: 'expired', hasLevel: false }, at('2026-01-01T00:00'))).toBe(true);
    expect(mayBeginAnew({ ...approved, state: 'rejected' }, at('2026-07-02T00:00'))).toBe(false);
  });
});

describe('what is worked on', () => {
  const now = at('2026-05-01T00:00');
  const minutes = (row: Parameters<typeof nextLook>[0]) => (nextLook(row, now)!.getTime() - now.getTime()) / 60_000;
  const checked: CaseDates = { ...turn, clientSince: null, state: 'checking' };

  it('is looked after hourly, and at once as long as nobody was asked to check it', () => {
    expect(minutes({ ...checked, connectionId: 1, asked: false })).toBe(60);
    expect(minutes({ ...checked, connectionId: null, asked: true })).toBe(60);
    expect(minutes({ ...checked, connectionId: null, asked: false })).toBe(1);
    expect(minutes({ ...approved, connectionId: 1, asked: true })).toBe(60);
  });

  it('keeps its dates, like everything else', () => {
    expect(minutes({ ...approved, validUntil: '2026-04-29', connectionId: 1, asked: true })).toBeLessThan(0);
    expect(nextLook({ ...approved, connectionId: 1, asked: false }, now)).toEqual(at('2026-05-31T00:00'));
    expect(nextLook({ ...checked, state: 'rejected', connectionId: 1, asked: false }, now)).toBeNull();
  });
});
