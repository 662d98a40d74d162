import { describe, expect, it } from '@jest/globals';
import { isDay } from '../../domain/days.ts';

describe('a day', () => {
  it.each(['2026-01-31', '2024-02-29', '0001-01-01', '9999-12-31'])('%s is one', (text) => {
    expect(isDay(text)).toBe(true);
  });
  it.each([
    '2026-02-31',
    '2025-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '0000-01-01',
    '2026-1-1',
    'today',
    '',
  ])('%p is none', (text) => {
    expect(isDay(text)).toBe(false);
  });
});
