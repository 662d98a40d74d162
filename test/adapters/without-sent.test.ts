import { describe, expect, it } from '@jest/globals';
import { withoutSent } from '../../adapters/kit/answers.ts';

describe('what a provider says about what we sent', () => {
  it('comes without it, whole words only', () => {
    const sent = { lang: 'en', person: { name: 'Ada', mails: ['a.b+c@x.test'] } };
    expect(withoutSent('client Ada (a.b+c@x.test) writes en, not Adamant', sent)).toBe(
      'client … (…) writes …, not Adamant',
    );
  });

  it('whatever characters are in it', () => {
    for (let code = 1; code < 0x250; code += 1) {
      const text = `x${String.fromCharCode(code)}y`;
      expect(withoutSent(`refused: '${text}'`, [text])).toBe("refused: '…'");
    }
  });

  it('as it is when nothing was sent', () => {
    expect(withoutSent('not found', undefined)).toBe('not found');
    expect(withoutSent('not found', { empty: '' })).toBe('not found');
  });
});
