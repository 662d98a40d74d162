/** What a status means when the provider has no special word for it. */
import { describe, expect, it } from '@jest/globals';
import { failureOf } from '../../adapters/kit/answers.ts';

const meaning = (status: number, effect: 'read' | 'write', code?: string) =>
  failureOf(
    { now: () => 0, scrub: (text) => text },
    { status, headers: {}, body: '' },
    { provider: 'Acme', what: 'POST /payouts', effect },
    code === undefined ? null : { code },
  ).type;

describe('of an answer to a write', () => {
  it.each([202, 204, 226, 301, 302, 303, 307, 308, 408, 500, 502, 504, 520])(
    '%d leaves it unknown whether it happened: it is never sent again for that',
    (status) =>
      expect([meaning(status, 'write'), meaning(status, 'write', 'said')]).toEqual(Array(2).fill('OutcomeUnknown')),
  );

  it.each([
    [401, 'Config'],
    [403, 'Config'],
    [405, 'Config'],
    [429, 'RateLimited'],
  ] as const)('%d says that it was turned away', (status, type) => expect(meaning(status, 'write')).toBe(type));

  it.each([400, 404, 409, 422])('%d is a no only in their own words', (status) =>
    expect([meaning(status, 'write', 'no_funds'), meaning(status, 'write')]).toEqual(['Rejected', 'OutcomeUnknown']),
  );
});

describe('of an answer to a look', () => {
  it.each([202, 204, 408, 500, 503, 400, 404])('%d without their words proves nothing', (status) =>
    expect(meaning(status, 'read')).toBe('Unavailable'),
  );

  it.each([301, 302, 308, 401, 403])('%d is wrong settings', (status) =>
    expect(meaning(status, 'read')).toBe('Config'),
  );
});
