import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exactJson } from '../../adapters/kit/json.ts';

/** A number as JSON may write it. */
const literal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.bigInt({ min: 1n, max: 10n ** 20n }).map(String)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,20}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?\d{1,2}$/)),
  )
  .map((parts) => parts.join(''));

const space = fc.constantFrom('', ' ', '\n', '\t ');

/** JSON text, and what it must be read as: every number as the text it was written with. */
const { value } = fc.letrec<{ value: { text: string; read: unknown } }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    literal.map((text) => ({ text, read: text })),
    fc
      .oneof(
        fc.string(),
        literal.map((one) => `at":${one},[${one}`),
      )
      .map((read) => ({ text: JSON.stringify(read), read })),
    fc.constantFrom(true, false, null).map((read) => ({ text: String(read), read })),
    fc.array(fc.tuple(tie('value'), space), { maxLength: 4 }).map((all) => ({
      text: `[${all.map(([one, gap]) => `${gap}${one.text}${gap}`).join(',')}]`,
      read: all.map(([one]) => one.read),
    })),
    fc
      .uniqueArray(fc.tuple(fc.string(), tie('value'), space), { maxLength: 4, selector: ([key]) => key })
      .map((all) => ({
        text: `{${all.map(([key, one, gap]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${one.text}`).join(',')}}`,
        read: Object.fromEntries(all.map(([key, one]) => [key, one.read])),
      })),
  ),
}));

describe('JSON of providers', () => {
  it('is read with every number digit by digit as it was written', () => {
    fc.assert(
      fc.property(value, space, ({ text, read }, gap) => {
        expect(exactJson(`${gap}${text}${gap}`)).toEqual(read);
      }),
      { numRuns: 2_000 },
    );
  });
});
