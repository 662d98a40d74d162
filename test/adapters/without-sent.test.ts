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

  it('whatever the case of its letters', () => {
    expect(withoutSent('451 4.7.1 ANN SMITH is unknown', { name: 'Ann Smith' })).toBe('451 4.7.1 … is unknown');
  });

  it('and without any address, however it is spelled and whatever is around it', () => {
    for (const [said, heard] of [
      ['451 4.7.1 <ann@client.example>: greylisted', '451 4.7.1 <…>: greylisted'],
      ["550 mailto:o'brien+x@xn--bcher-kva.example, go", '550 mailto:…, go'],
      ['{"email":"ann@client.example","code":12}', '{"email":…,"code":12}'],
      ['see https://spf.example/why?id=ann%40client.example now', 'see https:… now'],
      ['no such user @ this host', 'no such user @ this host'],
    ] as const)
      expect(withoutSent(said, [])).toBe(heard);
  });

  it('as it is when nothing was sent', () => {
    expect(withoutSent('not found', undefined)).toBe('not found');
    expect(withoutSent('not found', { empty: '' })).toBe('not found');
  });
});
