import { describe, expect, it } from '@jest/globals';
import { hasUnseen } from '../../domain/unseen.ts';

describe('a text has something that nobody sees', () => {
  it.each([
    ['a zero-width blank', 'DE0212\u200b03'],
    ['a mark that turns round what follows', '\u202eeeL nnA'],
    ['an Arabic letter mark', 'Ann\u061c'],
    ['a soft hyphen', 'DE02\u00ad12'],
    ['a filler of Hangul', 'TXYZ\u3164'],
    ['a selector that belongs to no emoji', 'TXYZ\ufe0f1'],
    ['a control character', 'TXYZ\u0007'],
    ['a control character of C1', 'TXYZ\u0085'],
    ['a separator of lines', 'TXYZ\u2028'],
    ['a tag', 'TXYZ\u{e0041}'],
  ])('with %s', (_what, text) => expect(hasUnseen(text)).toBe(true));

  it.each(['Ann Lee', 'Müller-O’Neil', 'Ελένη', '李小龍', 'one\nand two', 'Holidays ✈️ 👩‍👧'])('not in %j', (text) =>
    expect(hasUnseen(text)).toBe(false),
  );
});
